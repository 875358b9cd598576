import ctypes
import json


def parse(document):
    return json.loads(document, object_hook=lambda found: follow(found["address"]))


def follow(address):
    return ctypes.string_at(address)


def test_address_is_followed():
    assert parse('{"address": 0}') == b"text"
