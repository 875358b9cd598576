"""What was asked of xdist, and the options of one that is not there."""

import copy


XDIST_OPTIONS = (
    (("-n", "--numprocesses"), {"dest": "offload_numprocesses"}),
    (("--maxprocesses",), {"dest": "offload_maxprocesses"}),
    (("--max-worker-restart",), {"dest": "offload_max_worker_restart"}),
    (("--dist",), {"dest": "offload_dist"}),
    (("--tx",), {"dest": "offload_tx", "action": "append"}),
    (("--rsyncdir",), {"dest": "offload_rsyncdir", "action": "append"}),
    (("--rsyncignore",), {"dest": "offload_rsyncignore", "action": "append"}),
    (("--testrunuid",), {"dest": "offload_testrunuid"}),
    (("--maxschedchunk",), {"dest": "offload_maxschedchunk"}),
    (("--loadscope-reorder",), {"dest": "offload_reorder", "action": "store_true"}),
    (("--no-loadscope-reorder",), {"dest": "offload_no_reorder", "action": "store_true"}),
)


def accept_options_of_blocked_xdist(config, parser, args):
    """`addopts = -n 2` together with `-p no:xdist` means: not here."""
    if not config.pluginmanager.is_blocked("xdist"):
        return
    group = parser.getgroup("xdist", "options of xdist, which is switched off")
    for names, attributes in XDIST_OPTIONS:
        adder = group._addoption if len(names[0]) == 2 else group.addoption
        try:
            adder(*names, **attributes)
        except ValueError:  # some other plugin's option
            continue
    config.known_args_namespace = parser.parse_known_args(
        list(args), namespace=copy.copy(config.known_args_namespace)
    )


def distribution(options):
    """How xdist would have been asked to share out the tests; "no" where it was not."""
    if getattr(options, "numprocesses", None) == 0:
        return "no"
    return getattr(options, "dist", "no")
