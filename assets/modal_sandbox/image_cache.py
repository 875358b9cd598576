"""Which images were built of what."""

import hashlib
import json
import os
import tempfile

CACHE_FILE = ".offload-image-cache"
CACHE_VERSION = 1
REMEMBERED_IMAGES = 40


def digest_of(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class ImageCache:
    """Which image stands for which digest. A file that is not ours counts as empty."""

    def __init__(self, folder):
        self.path = os.path.join(folder, CACHE_FILE)

    def entries(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                content = json.load(file)
            images = content["images"] if content["version"] == CACHE_VERSION else []
            return [one for one in images if one["key"] and one["image_id"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def get(self, key):
        return next((one for one in self.entries() if one["key"] == key), None)

    def put(self, key, image_id, **more):
        images = [one for one in self.entries() if one["key"] != key]
        images = [*images, {"key": key, "image_id": image_id, **more}][-REMEMBERED_IMAGES:]
        self.write(images)

    def write(self, images):
        handle, path = tempfile.mkstemp(prefix=CACHE_FILE + ".", dir=os.path.dirname(self.path))
        with open(handle, "w", encoding="utf-8") as file:
            json.dump({"version": CACHE_VERSION, "images": images}, file, indent=1)
            file.write("\n")
        os.chmod(path, 0o644)
        os.replace(path, self.path)
