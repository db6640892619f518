"""`python -m model`: see `model.cli`."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports ends the program without a traceback
    from model.cli import leave, main

    signal.signal(signal.SIGINT, signal.default_int_handler)
    leave(main())
