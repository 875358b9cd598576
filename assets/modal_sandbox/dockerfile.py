"""What a Dockerfile asks for."""

import json
import posixpath
import re


def copy_sources(dockerfile):
    """The local paths that COPY and ADD commands name; None where that may be anything."""
    text = re.sub(r"\\[ \t]*\r?\n", " ", re.sub(r"(?m)^\s*#.*\n?", "", dockerfile))
    sources = []
    for line in re.findall(r"(?im)^\s*(?:COPY|ADD)\s+(.+)$", text):
        flags = re.match(r"(?:--\S+\s+)*", line).group()
        if "--from=" in flags:
            continue
        rest = line[len(flags):].strip()
        try:
            words = json.loads(rest) if rest.startswith("[") else rest.split()
        except ValueError:
            return None
        for word in words[:-1]:
            path = posixpath.normpath(str(word).lstrip("/")) if word.strip("/") else "."
            if "://" in word or word.startswith("<<"):
                continue
            if path == "." or re.search(r"[*?\[$\\\"']", path):
                return None
            sources.append(path)
    return sources
