"""Who may do what with a training: the tab that started it steers it, everybody may watch.

On a server with a teacher's key only the teacher trains, and steers and owns every training of the class. Pure rules
on values: no Streamlit, no files, no secrets of its own. `permission` applies them to the visitor of this session.
"""

from dataclasses import dataclass

from model.runs.metadata import RunMetadata


@dataclass(frozen=True)
class Policy:
    """What one visitor may do. `tab` and `browser` are the visitor's secret tokens.

    >>> Policy(tab="a", browser="b").may_train()
    True
    >>> Policy(tab="a", browser="b", has_teacher_key=True).may_train()
    False
    """

    tab: str
    browser: str
    has_teacher_key: bool = False  # whether the server was started with one
    is_teacher: bool = False  # whether this tab has entered it

    def may_train(self) -> bool:
        """Tell whether this visitor may start a training."""
        return not self.has_teacher_key or self.is_teacher

    def may_control(self, run: RunMetadata) -> bool:
        """Tell whether this tab may pause, stop and set; a run that nobody started here belongs to nobody."""
        return self.is_teacher or (not self.has_teacher_key and run.controlled_by(self.tab))

    def may_take_control(self, run: RunMetadata, shipped: bool = False) -> bool:
        """Tell whether another tab of the same browser started the run: its owner may steer from here instead."""
        return not self.may_control(run) and not self.has_teacher_key and self.owns(run, shipped)

    def owns(self, run: RunMetadata, shipped: bool = False) -> bool:
        """Tell whether this visitor may name, extend and delete the run: their own, or as teacher any of the class."""
        is_own = bool(run.browser) and run.owned_by(self.tab, self.browser)
        return not shipped and (self.is_teacher or is_own)

    def may_resume(self, run: RunMetadata, shipped: bool = False) -> bool:
        """Tell whether this visitor may continue an interrupted run; one that nobody owns is for all who may train."""
        return self.may_train() and (self.owns(run, shipped) or not run.tab or run.controlled_by(self.tab))
