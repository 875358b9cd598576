import unittest

from package import InAFolder
from modal_sandbox.image_cache import CACHE_FILE, REMEMBERED_IMAGES, ImageCache


class Cache(InAFolder):
    def test_what_is_not_ours_counts_as_empty(self):
        for text in ("im-old-format\n", "[]", '{"version": 1}', '{"version": 99, "images": []}',
                     '{"version": 1, "images": [{"key": ""}]}', "\xff"):
            (self.folder / CACHE_FILE).write_text(text)
            self.assertEqual(ImageCache(str(self.folder)).entries(), [], text)

    def test_images_are_found_by_their_whole_key(self):  # TRAPS 12
        cache = ImageCache(str(self.folder))
        cache.put("one", "im-1", commit="c")
        cache.put("two", "im-2")
        cache.put("one", "im-3")
        self.assertEqual(cache.get("one")["image_id"], "im-3")
        self.assertEqual(cache.get("two")["image_id"], "im-2")
        self.assertIsNone(cache.get("on"))
        for number in range(REMEMBERED_IMAGES):
            cache.put(str(number), "im")
        self.assertIsNone(cache.get("one"))


if __name__ == "__main__":
    unittest.main()
