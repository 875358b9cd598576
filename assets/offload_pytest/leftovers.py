"""Threads that tests have left behind."""

from .streams import flush_streams
from .system import system

GRACE = 5.0  # seconds


def end_in_spite_of_threads(channel, session):
    """The interpreter waits for threads that are no daemons, however long they run."""
    own = system.current_thread()
    left = [one for one in system.threads() if one is not own and not one.daemon]
    if left:
        arguments = (channel, session, left)
        system.Thread(target=end_after_grace, args=arguments, daemon=True).start()


def end_after_grace(channel, session, threads):
    """Those of pools end as soon as the interpreter does; for them this is over before its time."""
    until = system.monotonic() + GRACE
    for thread in threads:
        thread.join(max(until - system.monotonic(), 0))
    names = sorted(thread.name for thread in threads if thread.is_alive())
    if not names:
        return
    text = "left behind by tests or fixtures, still running after the last of them: %s %s. pytest was "
    text += "ended after %d s"
    word = "the thread" if len(names) == 1 else "the threads"
    channel.send("notice", severity="warning", text=text % (word, ", ".join(names), GRACE))
    system.run_exit_functions()
    flush_streams()
    system.exit_at_once(int(session.exitstatus))
