"""Who may do what with a run: the tab that started it controls it, everyone may watch.

On a server with a teacher's key only the teacher trains, and controls and owns all runs of the class. Pure rules on
values: no Streamlit, no files, no stored secrets. `permission` applies them to the visitor of this session.
"""

from dataclasses import dataclass

from model.runs.metadata import RunMetadata


@dataclass(frozen=True)
class Policy:
    """The permissions of one visitor. `tab` and `browser` are the visitor's secret tokens.

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
        """Return whether this visitor may start a training."""
        return not self.has_teacher_key or self.is_teacher

    def may_control(self, run: RunMetadata) -> bool:
        """Return whether this tab may pause, stop and adjust the run; one from another server has no tab in control."""
        return self.is_teacher or (not self.has_teacher_key and run.controlled_by(self.tab))

    def may_take_control(self, run: RunMetadata, shipped: bool = False) -> bool:
        """Return whether another tab of the same browser started the run, so that this one may take control."""
        return not self.may_control(run) and not self.has_teacher_key and self.owns(run, shipped)

    def owns(self, run: RunMetadata, shipped: bool = False) -> bool:
        """Return whether this visitor may rename, extend and delete the run: their own, or for a teacher any run."""
        is_own = bool(run.browser) and run.owned_by(self.tab, self.browser)
        return not shipped and (self.is_teacher or is_own)

    def may_resume(self, run: RunMetadata, shipped: bool = False) -> bool:
        """Return whether this visitor may resume an interrupted run; without an owner, all who may train can."""
        return self.may_train() and (self.owns(run, shipped) or not run.tab or run.controlled_by(self.tab))
