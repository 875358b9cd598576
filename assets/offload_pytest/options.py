"""Options that would break collecting or running."""

def set_options(namespace, values):
    for name, value in values.items():
        if hasattr(namespace, name):
            setattr(namespace, name, value)


def on_command_line(config, *options):
    """Whether the user gave one of these options with the command, rather than in addopts."""
    return any(str(arg).split("=")[0] in options for arg in config.invocation_params.args)


NO_XDIST = {
    "numprocesses": None,
    "maxprocesses": None,
    "dist": "no",
    "distload": False,
    "tx": [],
    "px": [],
    "looponfail": False,
}
NO_SELECTION = {
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "cacheclear": False,
    "stepwise": False,
    "stepwise_skip": False,
    "stepwise_reset": False,
    "collectonly": False,
    "testmon_noselect": True,
}
TESTMON = "testmon"
NO_DEBUGGER = {"usepdb": False, "trace": False}
NOTHING_SAID = {"verbose": -2, "disable_warnings": True, "durations": None, "reportchars": ""}
# Files that a session writes as if it were the only one, and the options that ask for them.
REPORTS = {
    "xmlpath": (None, ("--junitxml", "--junit-xml")),
    "htmlpath": (None, ("--html",)),
    "report_log": (None, ("--report-log",)),
    "json_report": (False, ("--json-report",)),
}


def may_serve(options):
    """Whether the process that collects with these options could be a worker afterwards."""
    oddities = (set(NO_SELECTION) - {"collectonly"}) | set(NO_DEBUGGER) | {TESTMON}
    return not any(getattr(options, name, False) for name in oddities)
