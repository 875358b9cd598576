"""Who it is that does something, as the frames beneath tell."""

import os

from .system import system

# What they ask for comes to nothing that a fork must not share: names that pytest makes unique by
# itself, a seed that is drawn anew, an identity that is none of their concern.
TRUSTED = (
    "_hypothesis_pytestplugin",
    "_pytest",
    "coverage",
    "donfig",  # names for its locks; variables of a prefix
    "execnet",
    "hypothesis",
    "numpy",
    "offload_pytest",
    "opentelemetry",  # names for its entries
    "py",
    "pytest_base_url",  # leaves to the controller what is said of the run
    "pytest_cov",
    "pytest_instafail",  # the same
    "pytest_randomly",
    "pytest_rerunfailures",
    "rich",  # draws numbers for links in texts as soon as it is imported
)
# As they are imported, that is: what they are asked for later is whoever asks' own.
TRUSTED_TO_BEGIN = (
    "bson",  # draws anew in a process that has another number
    "dask",  # takes the variables that are meant for it
    "filelock",  # knows by the number when it is in another process
    "fiona",  # whether some variables are there
    "fsspec",  # variables that are meant for it
    "joblib",  # whether a semaphore can be made
    "loguru",  # holds its locks while there is a fork
    "networkx",  # variables that are meant for it
    "numba",  # the same
    "openai",  # a key by which it knows what it has signed
    "passlib",  # whether numbers can be drawn
    "prefect",  # variables that are meant for it
    "psutil",  # which files of /proc there are
    "pymongo",  # its clients know when they are in another process
    "scipy",  # numbers for examples in its documentation
    "synchronicity",  # its thread starts anew
    "tqdm",  # variables that are meant for it
    "trio",  # forgets threads that a fork has not
    "wsgiref",  # what it hands to applications
    "xarray",  # names for its locks
)
# They ask on behalf of whoever calls them.
GO_BETWEENS = ("pluggy", "xdist")

STANDARD = os.path.dirname(os.__file__) + os.sep
PACKAGES = ("site-packages", "dist-packages")


def package_of(frame):
    return str(frame.f_globals.get("__name__")).split(".")[0]


def culprit(depth):
    """The module on whose behalf this happens; "" where it is nobody whom forks need to fear."""
    frame, between = system.caller(depth), ""
    while frame is not None:
        asks, name = frame, str(frame.f_globals.get("__name__"))
        top = package_of(frame)
        frame = frame.f_back
        if top in GO_BETWEENS:
            if between == "xdist" and top == "pluggy":
                return ""  # one of its own hooks
            between = top
            continue
        if is_beginning(asks):
            return ""
        if not of_the_library(asks):
            return "" if top in TRUSTED else name
    return ""


def is_beginning(frame):
    """Whether modules that are trusted to begin do this, one of them as it is imported."""
    while frame is not None and package_of(frame) in TRUSTED_TO_BEGIN:
        if frame.f_code.co_name == "<module>":
            return True
        frame = frame.f_back
        while frame is not None and of_the_library(frame) and package_of(frame) not in TRUSTED_TO_BEGIN:
            frame = frame.f_back
    return False


def of_the_library(frame):
    file = frame.f_code.co_filename
    return file.startswith("<frozen") or (
        file.startswith(STANDARD) and not any(part in file for part in PACKAGES)
    )
