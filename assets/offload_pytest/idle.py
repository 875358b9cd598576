"""Plugins that have nothing to say."""

from .system import system

# What a plugin's summary is of, by the plugin's module. It imports that to find that nothing has
# used it, which takes longer than many a test.
SUBJECTS = {"_hypothesis_pytestplugin": "hypothesis"}


def remember_no_ids(config):
    """All IDs there are, which pytest writes into its cache at the end of each session: the process
    that has collected them does it, and for one test it would take longer than the test."""
    if config.pluginmanager.hasplugin("nfplugin"):
        config.pluginmanager.unregister(name="nfplugin")


def dismiss_idle_plugins(config):
    """At the end of a session."""
    for name, subject in SUBJECTS.items():
        plugin = system.modules.get(name)
        if plugin is None or subject in system.modules:
            continue
        if config.pluginmanager.is_registered(plugin):
            config.pluginmanager.unregister(plugin)
