"""For all tests."""

import signal

# Started in the background, by nohup or by a CI service, this process may ignore these, and every
# program that a test starts would inherit that: no Ctrl-C would ever arrive. A caught signal is
# reset to its default in a started program.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)
