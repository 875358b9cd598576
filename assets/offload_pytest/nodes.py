"""Xdist's nodes: by them plugins of the controller hand data to workers, and take some back."""

from .system import system
from .text import exact, from_exact, one_line

CONFIGURE, DOWN = "pytest_configure_node", "pytest_testnodedown"
# Those that in a worker expect more of xdist's controller than is here, or would leave undone what
# each session has to do by itself, or take back what the controller knows.
LEFT_ALONE = ("_pytest", "pytest_cov", "pytest_metadata", "pytest_rerunfailures", "offload_pytest")

# By files of these names workers are expected that are not there yet; so many seconds at most.
ANNOUNCED, LONGEST_START = "announced-", 30


def is_left_alone(module):
    return str(module).split(".")[0] in LEFT_ALONE


def caller_of(config, hook):
    """Calls the hook of all that are not left alone; None where nobody else has it,
    or xdist is not there to know it."""
    caller = getattr(config.hook, hook, None)
    if caller is None or not caller.has_spec():
        return None
    others, alone = [], []
    for implementation in caller.get_hookimpls():
        module = implementation.function.__module__
        (alone if is_left_alone(module) else others).append(implementation.plugin)
    return config.pluginmanager.subset_hook_caller(hook, alone) if others else None


class Gateway:
    def __init__(self, worker):
        self.id = worker
        self.spec = Spec(worker)


class Spec:
    popen, chdir, python, ssh = True, None, None, None

    def __init__(self, worker):
        self.id = worker


class Node:
    """What xdist's controller knows of a worker, as far as hooks ask."""

    def __init__(self, config, workerinput):
        self.config = config
        self.workerinput = workerinput
        self.gateway = Gateway(workerinput["workerid"])


class Folder:
    """Where the processes of a run leave for each other what nodes carry."""

    def __init__(self, path):
        self.path = from_exact(path)
        self._inputs = system.join(self.path, "inputs")
        self._wanted_back = system.join(self.path, "down")

    def hand_out(self, inputs, wanted_back):
        system.makedirs(self.path, exist_ok=True)
        if wanted_back:
            system.open(self._wanted_back, "w").close()
        with system.open(self._inputs + ".new", "wb") as file:
            file.write(system.pack(inputs))
        system.rename(self._inputs + ".new", self._inputs)

    def inputs(self):
        """By worker; None where nothing is handed out, or no more."""
        try:
            with system.open(self._inputs, "rb") as file:
                return system.unpack(file.read())
        except OSError:
            return None

    def call_in(self):
        for path in (self._inputs, self._wanted_back):
            if system.exists(path):
                system.unlink(path)

    def give_back(self, label, worker, output):
        with system.open(system.join(self.path, "output-" + label), "wb") as file:
            file.write(system.pack((worker, output)))

    def outputs(self):
        """By worker, of each of its sessions."""
        found = {}
        for name in sorted(system.listdir(self.path)):
            if name.startswith("output-"):
                with system.open(system.join(self.path, name), "rb") as file:
                    worker, output = system.unpack(file.read())
                found.setdefault(worker, []).append(output)
        return found

    def arrive(self, label):
        """Holds up the controller's end until this process has ended. False where it is too late."""
        try:
            system.makedirs(self.path, exist_ok=True)
            system.lock(system.join(self.path, "lock"), wait=False)
        except OSError:
            return False
        finally:
            announced = system.join(self.path, ANNOUNCED + label)
            if system.exists(announced):
                system.unlink(announced)
        return True

    def wait_for_others(self):
        """Those that are announced as well, unless they do not come."""
        limit = system.monotonic() + LONGEST_START
        while any(name.startswith(ANNOUNCED) for name in system.listdir(self.path)):
            if system.monotonic() > limit:
                break
            system.select([], [], [], 0.01)
        system.lock(system.join(self.path, "lock"), wait=True)


class Nodes:
    """The controller's: one for each worker that there may be."""

    def __init__(self, channel, folder):
        self._channel = channel
        self._folder = folder
        self._nodes = []

    def configure(self, config, workerinput):
        """Asks plugins for what their workers need."""
        configure, down = caller_of(config, CONFIGURE), caller_of(config, DOWN)
        if configure is None and down is None:
            return
        workers = ["gw%d" % number for number in range(workerinput["workercount"])]
        nodes = [Node(config, dict(workerinput, workerid=worker)) for worker in workers]
        try:
            for node in nodes if configure is not None else ():
                configure(node=node)
            inputs = {node.gateway.id: node.workerinput for node in nodes}
            self._folder.hand_out(inputs, down is not None)
        except Exception as error:
            text = "%s has failed, so that its workers go without: %s: %s"
            self._warn(text % (CONFIGURE, type(error).__name__, one_line(error)))
            return
        self._nodes = nodes
        config.offload_nodes = exact(self._folder.path)

    def input_of(self, worker):
        """None where no plugin was asked."""
        found = (node.workerinput for node in self._nodes if node.gateway.id == worker)
        return next(found, None)

    def remember(self, config):
        """Those of a controller that is no more, and has not seen them go down."""
        inputs = self._folder.inputs() or {}
        self._nodes = [Node(config, workerinput) for workerinput in inputs.values()]

    def go_down(self, config):
        """Tells plugins of the end of each worker, once all have ended."""
        if not self._nodes:
            return
        self._folder.wait_for_others()
        self._folder.call_in()
        down = caller_of(config, DOWN)
        if down is None:
            return
        outputs = self._folder.outputs()
        for node in self._nodes:
            ran = outputs.get(node.gateway.id)
            for output in ran or [None]:
                if output is not None:
                    node.workeroutput = output
                self._tell(down, node)

    def _tell(self, down, node):
        try:
            down(node=node, error=None)
        except Exception as error:
            never_ran = not hasattr(node, "workeroutput")
            if never_ran and isinstance(error, AttributeError):
                return  # as in xdist, one that has not come to its end has no such attribute
            text = "%s has failed for %s: %s: %s"
            name = type(error).__name__
            self._warn(text % (DOWN, node.gateway.id, name, one_line(error)))

    def _warn(self, text):
        self._channel.send("notice", severity="warning", text=text)
