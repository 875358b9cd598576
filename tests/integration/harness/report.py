"""The JUnit report as a conforming reader sees it."""

import xml.etree.ElementTree as ElementTree


class TestCase:
    __test__ = False

    def __init__(self, element):
        self.element = element
        self.name = element.get("name")
        self.classname = element.get("classname")
        self.children = [child.tag for child in element]

    @property
    def outcome(self):
        for outcome in ("error", "failure", "skipped"):
            if outcome in self.children:
                return outcome
        return "passed"

    @property
    def type(self):
        """Of its <failure> or <error>."""
        for tag in ("error", "failure", "skipped"):
            if self.element.find(tag) is not None:
                return self.element.find(tag).get("type", "")
        return ""

    @property
    def text(self):
        """Everything that it says, attributes included."""
        return ElementTree.tostring(self.element, encoding="unicode")

    def count(self, tag):
        return self.children.count(tag)


class Report:
    def __init__(self, text):
        self.root = ElementTree.fromstring(text)
        self.cases = [TestCase(element) for element in self.root.iter("testcase")]
        self.by_name = {case.name: case for case in self.cases}

    def __getitem__(self, name):
        return self.by_name[name]

    def outcomes(self):
        return {case.name: case.outcome for case in self.cases}

    def total(self, attribute):
        """Of the root element, e.g. total("failures")."""
        return int(self.root.get(attribute, "-1"))
