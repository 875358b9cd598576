"""The plugin itself: what pytest sees of all this first."""

import os

import pytest

from .ahead import Ahead
from .batch import Batch
from .bytecode import keep_bytecode
from .chance import Seeded, seed_alike
from .companions import Companions
from .conclusion import Conclusion
from .coverage import separate_coverage
from .discovery import Discovery
from .early import EarlyWorker
from .frames import Channel
from .greeting import greet
from .identity import Identity
from .kin import Kin, KinMother
from .mother import Mother
from .options import (
    NO_DEBUGGER,
    NO_SELECTION,
    NO_XDIST,
    NOTHING_SAID,
    REPORTS,
    may_serve,
    on_command_line,
    set_options,
)
from .plan import take_plan
from .requests import Requests
from .separation import keep_what_is_saved, separate_basetemp, separate_databases
from .snapshots import Snapshots
from .system import system
from .text import from_exact
from .watch import Watch
from .worker import Worker
from .xdist import accept_options_of_blocked_xdist, distribution

CAN_WATCH = system.add_audit_hook is not None


class Plugin:
    """Follows a plan: chooses what this session is, and makes its options fit for that."""

    def __init__(self, plan):
        self._plan = plan
        kin = self._kin(plan)
        if "apart" in plan and plan["mode"] == "serve" and CAN_WATCH:
            plan["mode"] = "early"
        self._channel = Channel(1, plan["nonce"])
        greet(self._channel, plan["mode"])
        self._requests = Requests(0) if plan["mode"] in ("serve", "first", "early") else None
        if "mark" in plan:
            open(from_exact(plan["mark"]), "w").close()
        self._watch, self._mother = self._forks(plan, kin)
        self._bytecode = self._ahead = None
        if "bytecode" in plan:
            folder, ahead = from_exact(plan["bytecode"]), plan.get("ahead", False)
            if plan["mode"] in ("collect", "first"):
                os.makedirs(folder, mode=0o700, exist_ok=True)
            self._bytecode = keep_bytecode(folder, ahead)
            if self._bytecode is not None and ahead:
                self._ahead = Ahead(self._bytecode, folder, self._watch)

    @staticmethod
    def _kin(plan):
        """Where the others are for whom this process is to collect. None: it is for itself."""
        if "kin" not in plan or plan["mode"] != "serve" or not CAN_WATCH:
            return None
        kin = Kin(from_exact(plan["kin"]))
        if not kin.is_first(plan):
            return None
        plan["mode"] = "early"
        return kin

    def _forks(self, plan, kin):
        """The watch that this process is under where it may be forked, and the mother that it may leave
        behind; None where there is none."""
        leaves = kin is not None or "mother" in plan and plan["mode"] == "first"
        forks_itself = "apart" in plan and plan["mode"] == "early"
        if not CAN_WATCH or not (leaves or forks_itself):
            return None, None
        watch = Watch()
        if kin is not None:
            return watch, KinMother(kin, self._channel, watch)
        if leaves:
            unit = plan.get("apart", "test" if plan.get("leaves") else "worker")
            path = from_exact(plan["mother"])
            return watch, Mother(path, self._channel, watch, unit, "apart" in plan)
        return watch, None

    def _choose_mode(self, options, companions):
        plan, channel = self._plan, self._channel
        if plan["mode"] == "first" and not may_serve(options):
            plan["mode"] = "collect"
        if plan["mode"] == "collect":
            return Discovery(channel, companions)
        if plan["mode"] in ("first", "early"):
            return EarlyWorker(channel, plan, self._requests, companions, self._watch, self._mother)
        if plan["mode"] == "serve":
            return Worker(channel, plan, self._requests)
        if plan["mode"] == "conclude":
            return Conclusion(channel, plan)
        return Batch(channel, plan)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config, parser, args):
        if self._bytecode is not None:
            self._bytecode.config = early_config
        accept_options_of_blocked_xdist(early_config, parser, args)
        early_config.offload_dist = distribution(early_config.known_args_namespace)
        set_options(early_config.known_args_namespace, NO_XDIST)
        companions = Companions()
        given = list(early_config.invocation_params.args)
        companions.understand(self._plan, parser, list(args), given)
        mode = self._choose_mode(early_config.known_args_namespace, companions)
        if self._watch is not None and self._plan["mode"] not in ("first", "early"):
            self._watch.end()
        separate_coverage(early_config, self._plan)
        separate_databases(early_config, self._plan)
        keep_what_is_saved(early_config)
        if "workers" in self._plan and self._plan["mode"] != "conclude":
            identity = Identity(self._plan, self._channel, self._watch)
            # The controller's session starts first, which hands out what there is for workers.
            if self._plan["mode"] == "early" and "began" in self._plan:
                self._requests.wait_for_file(from_exact(self._plan["began"]))
            identity.register(early_config)
        if self._ahead is not None:
            early_config.pluginmanager.register(self._ahead, "offload-ahead")
        mode.register(early_config.pluginmanager)
        early_config.pluginmanager.register(mode, "offload-mode")
        early_config.pluginmanager.register(Seeded(), "offload-seeded")
        early_config.pluginmanager.register(Snapshots(self._channel, self._plan), "offload-snapshots")
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config):
        option, mode = config.option, self._plan["mode"]
        seed = seed_alike(option, self._plan["nonce"])
        if seed and mode in ("collect", "first"):
            self._channel.send("notice", severity="note", text=seed)
        set_options(option, NO_XDIST)
        set_options(option, {"maxfail": 0, "continue_on_collection_errors": True})
        for name, (off, flags) in REPORTS.items():
            # A session without tests must not put its own in place of the last batch's.
            if mode == "conclude" or not on_command_line(config, *flags):
                set_options(option, {name: off})
        if mode == "collect":
            set_options(option, {"collectonly": True})
        else:
            set_options(option, NO_SELECTION)
            set_options(option, NO_DEBUGGER)
            separate_basetemp(option, self._plan)
        if mode not in ("collect", "first"):
            set_options(option, {"clean_alluredir": False})  # discovery did, before all tests
        if mode == "conclude":
            set_options(option, NOTHING_SAID)
        if mode in ("run", "serve"):
            set_options(option, {"maxfail": 1 if self._plan["fail_fast"] else 0})
        yield


class Planless:
    """No plan, or a pytest that is too old. What was meant to collect must not run tests."""

    @staticmethod
    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(early_config):
        if "offload_pytest" in early_config.invocation_params.args:
            raise pytest.UsageError("Offload's plugin was given no plan that it could follow here")


def pytest_addoption(pluginmanager):
    """What pytest calls as soon as it has loaded a plugin; there are no options."""
    plan = take_plan()
    pluginmanager.register(Planless() if plan is None else Plugin(plan), "offload")
