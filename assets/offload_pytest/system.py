"""What the plugin uses while tests may run, as it was before any of them could replace it."""

import atexit
import fcntl
import faulthandler
import gc
import json
import marshal
import os
import random
import select
import signal
import stat
import sys
import tempfile
import threading
import time
import traceback
import warnings
import weakref
import zlib

# Beyond what tests count on: the first free descriptor is the one that plain pytest would give them.
FIRST_DESCRIPTOR = 512


class System:
    """Tests patch the clock, os.getpid or json in the modules of the standard library, and tools that
    freeze time or fake file systems do so in the namespaces of all modules there are. Attributes of
    an object they leave alone: while tests may run, modules of the plugin go through this one."""

    def __init__(self):
        self.add_audit_hook = getattr(sys, "addaudithook", None)  # from Python 3.8 on
        self.at_exit = atexit.register
        self.argv = sys.argv
        self.caller = sys._getframe
        self.collect_garbage = gc.collect
        self.current_thread = threading.current_thread
        self.crc32 = zlib.crc32
        self.environ = os.environ
        self.decode = json.JSONDecoder().decode
        self.encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
        self.dump_traceback_later = faulthandler.dump_traceback_later
        self.cancel_dump_traceback_later = faulthandler.cancel_dump_traceback_later
        self.exit_at_once = os._exit
        self.fcntl = fcntl.fcntl
        self.flock = fcntl.flock
        self.fork = os.fork
        self.format_exception = traceback.format_exception
        self.format_exception_only = traceback.format_exception_only
        self.freeze_garbage = gc.freeze
        self.unfreeze_garbage = gc.unfreeze
        self.get_freeze_count = gc.get_freeze_count
        self.get_objects = gc.get_objects
        self.get_stats = gc.get_stats
        self.get_threshold = gc.get_threshold
        self.run_exit_functions = atexit._run_exitfuncs
        self.Reference = weakref.ReferenceType
        self.sys = sys
        self.Thread = threading.Thread
        self.threads = threading.enumerate
        self.set_threshold = gc.set_threshold
        self.fstat = os.fstat
        self.fsencode = os.fsencode
        self.get_handler = signal.getsignal
        self.getitimer = signal.getitimer
        self.getpid = os.getpid
        self.getppid = os.getppid
        self.settrace = sys.settrace
        self.gettrace = sys.gettrace
        self.getprofile = sys.getprofile
        self.frames = sys._current_frames
        self.readlink = os.readlink
        self.set_handler = signal.signal
        self.process_group = os.getpgid
        self.set_process_group = os.setpgid
        self.temporary_file = tempfile.TemporaryFile
        self.unwarned = warnings.catch_warnings
        self.ignore_warnings = warnings.simplefilter
        self.waitpid = os.waitpid
        self.waitid = os.waitid
        self.close = os.close
        self.dup = os.dup
        self.dup2 = os.dup2
        self.kill = os.kill
        self.open_descriptor = os.open
        self.pipe = os.pipe
        self.random_state = random.getstate
        self.read = os.read
        self.write = os.write
        self.select = select.select
        self.makedirs = os.makedirs
        self.listdir = os.listdir
        self.rename = os.rename
        self.unlink = os.unlink
        self.pack = marshal.dumps  # what xdist can send as well
        self.unpack = marshal.loads
        self.stat = os.stat
        self.modules = sys.modules
        self.monotonic = time.monotonic
        self.times = os.times
        self.open = open
        self.register_at_fork = os.register_at_fork
        self.renumber_thread = getattr(threading.Thread, "_set_native_id", None)
        self.dirname = os.path.dirname
        self.join = os.path.join
        self.kept = set()  # descriptors of ours
        self.normpath = os.path.normpath
        self.relpath = os.path.relpath
        self.split_path = os.path.split

    def keep_descriptor(self, descriptor):
        """A copy that programs which tests start do not inherit."""
        try:
            kept = self.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR)
        except OSError:  # so many are not allowed
            kept = self.dup(descriptor)
        self.kept.add(kept)
        return kept

    def lock(self, path, wait):
        """Shared, or `wait` until nobody else has it; as long as this process lives. What it forks
        or starts does not have it."""
        opened = self.open_descriptor(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        descriptor = self.keep_descriptor(opened)
        self.close(opened)
        self.register_at_fork(after_in_child=lambda: self.close(descriptor))
        self.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_SH | fcntl.LOCK_NB)

    def fork_unwarned(self):
        """Newer Pythons warn of threads that a fork would miss; whoever forks has looked for them. Its
        only thread would keep the number of the one that forked."""
        if sys.version_info < (3, 12):
            child = self.fork()
        else:
            with self.unwarned():
                self.ignore_warnings("ignore")
                child = self.fork()
        if child == 0 and self.renumber_thread is not None:
            self.renumber_thread(self.current_thread())
        return child

    def kill_at_once(self, process):
        self.kill(process, signal.SIGKILL)

    def handle_plainly(self, number):
        """As if nothing here had asked for this signal."""
        try:
            self.set_handler(number, signal.SIG_DFL)
        except OSError:  # nothing can ask for SIGKILL
            pass

    def exists(self, path):
        try:
            self.stat(path)
        except (OSError, ValueError):
            return False
        return True

    def is_file(self, path):
        try:
            return stat.S_ISREG(self.stat(path).st_mode)
        except (OSError, ValueError):
            return False


system = System()
