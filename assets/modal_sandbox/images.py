"""Builds images."""

import hashlib
import os
import tempfile

from .client import explained, import_modal
from .failure import Failure, say
from .git import clean_commit, patch_since
from .image_cache import CACHE_VERSION, ImageCache, digest_of
from .layer import Layer
from .plan import Plan


class Images:
    """Builds images, and knows those that were built before."""

    def __init__(self, account):
        self.account, self.known = account, {}

    def by_id(self, image_id):
        if image_id not in self.known:
            self.known[image_id] = import_modal().Image.from_id(image_id)
        return self.known[image_id]

    async def exists(self, image_id):
        try:
            app = await self.account.app()
            with explained("cannot look for an image"):
                await self.by_id(image_id).build.aio(app)  # which only looks it up
            return True
        except Failure as failure:
            if failure.kind != "gone":
                raise
            return False

    async def cached(self, cache, key):
        entry = cache.get(key)
        if not entry or await self.exists(entry["image_id"]):
            return entry
        say(f"the image {entry['image_id']} is gone and is built again")
        return None

    async def prepare(self, wanted):
        """The ID of an image that is made of exactly what is wanted now."""
        cache = ImageCache(wanted.folder)
        if wanted.base:
            return await self.derived(wanted, cache)
        if wanted.checkpoint:
            return await self.on_checkpoint(wanted, cache)
        plan = Plan(wanted)
        plan.scan()
        below = plan.checkpoint_key() if plan.checkpoint else plan.dockerfile_key()
        if wanted.use_cache and (entry := await self.cached(cache, plan.key(below))):
            say(f"the image {entry['image_id']} is up to date")
            return entry["image_id"]
        force = not wanted.use_cache
        if plan.checkpoint:
            image, below, commit = await self.checkpoint(plan, cache, force)
        else:
            image, below = await self.from_dockerfile(plan, cache, force)
            commit = None
        if plan.checkpoint or plan.trees() or wanted.init or wanted.post_patch:
            with Layer(wanted.root) as layer:
                if plan.checkpoint:
                    layer.add(plan.source, "update")
                else:
                    for tree in plan.trees():
                        layer.add(tree)
                    if wanted.init:
                        layer.run("init.sh", wanted.init)
                if wanted.post_patch:
                    layer.run("post_patch.sh", wanted.post_patch,
                              self.patch(layer, wanted.folder, commit))
                say("bringing the sources into the image")
                image = await self.build(layer.on(image, force))
        cache.put(plan.key(below), image.object_id)
        return image.object_id

    async def derived(self, wanted, cache):
        """An image on top of another one, which has everything but a patch."""
        patch, force = wanted.patch(), not wanted.use_cache
        if not await self.exists(wanted.base):
            raise Failure(f"there is no image {wanted.base}", kind="gone")
        if not patch and not wanted.post_patch:
            return wanted.base
        key = digest_of(["derived", CACHE_VERSION, wanted.base, wanted.root,
                         hashlib.sha256(patch).hexdigest(), wanted.post_patch])
        if not force and (entry := await self.cached(cache, key)):
            say(f"the image {entry['image_id']} is up to date")
            return entry["image_id"]
        with Layer(wanted.root) as layer:
            if patch:
                layer.apply(patch)
            if wanted.post_patch:
                layer.run("post_patch.sh", wanted.post_patch,
                          "OFFLOAD_PATCH_FILE=$build/source.patch" if patch else "")
            say("bringing the patch into the image")
            image = await self.build(layer.on(self.by_id(wanted.base), force))
        cache.put(key, image.object_id)
        return image.object_id

    async def base(self, wanted):
        """An image of a commit's tree, and the digest of the sources that went into it."""
        plan, force = Plan(wanted).scan(), not wanted.use_cache
        image, _ = await self.from_dockerfile(plan, ImageCache(wanted.folder), force)
        image = await self.checkpoint_on(image, plan, force)
        return image.object_id, plan.source.digest()

    async def on_checkpoint(self, wanted, cache):
        """The working tree on top of a base."""
        base, force = wanted.checkpoint, not wanted.use_cache
        source = Plan(wanted).source.scan()
        if not await self.exists(base["image_id"]):
            raise Failure(f"there is no image {base['image_id']}", kind="gone")
        if source.digest() == base["tree"] and not wanted.post_patch:
            say(f"the image {base['image_id']} is up to date")
            return base["image_id"]
        key = lambda: digest_of(["on-checkpoint", CACHE_VERSION, base["image_id"], wanted.root,
                                 source.digest(), wanted.post_patch])
        if not force and (entry := await self.cached(cache, key())):
            say(f"the image {entry['image_id']} is up to date")
            return entry["image_id"]
        with Layer(wanted.root) as layer:
            layer.add(source, "update")  # from here on, `source` tells what was copied
            if wanted.post_patch:
                layer.run("post_patch.sh", wanted.post_patch,
                          self.patch(layer, wanted.folder, base["commit"]))
            say("bringing what has changed since the checkpoint into the image")
            image = await self.build(layer.on(self.by_id(base["image_id"]), force))
        cache.put(key(), image.object_id)
        return image.object_id

    @staticmethod
    def patch(layer, folder, commit):
        patch = patch_since(folder, commit) if commit else None
        if patch is None:
            return ""
        with open(layer.place("source.patch"), "wb") as file:
            file.write(patch)
        return "OFFLOAD_PATCH_FILE=$build/source.patch"

    async def checkpoint(self, plan, cache, force):
        key, wanted = plan.checkpoint_key(), plan.wanted
        if not force and (entry := await self.cached(cache, key)):
            return self.by_id(entry["image_id"]), key, entry.get("commit")
        image, _ = await self.from_dockerfile(plan, cache, force)
        commit = clean_commit(wanted.folder)
        image = await self.checkpoint_on(image, plan, force)
        if plan.checkpoint_key() == key and clean_commit(wanted.folder) == commit:
            cache.put(key, image.object_id, commit=commit)
        return image, key, commit

    async def checkpoint_on(self, image, plan, force):
        wanted = plan.wanted
        with Layer(wanted.root) as layer:
            layer.remember(layer.add(plan.source))
            for tree in plan.copies:
                layer.add(tree)
            if wanted.init:
                layer.run("init.sh", wanted.init)
            say("building the checkpoint image")
            return await self.build(layer.on(image, force))

    async def from_dockerfile(self, plan, cache, force):
        modal, wanted = import_modal(), plan.wanted
        if not wanted.dockerfile:
            image = modal.Image.debian_slim().pip_install("pytest", "uv", force_build=force)
            return await self.build(image), plan.dockerfile_key()
        if not force and (entry := await self.cached(cache, plan.dockerfile_key())):
            return self.by_id(entry["image_id"]), plan.dockerfile_key()
        with tempfile.TemporaryDirectory(prefix="offload-context-") as context:
            for tree in (plan.context, plan.outside):
                tree.scan(copy_to=context)
            for path, what in [*plan.context.entries, *plan.outside.entries]:
                if what.startswith("link "):
                    os.makedirs(os.path.dirname(os.path.join(context, path)), exist_ok=True)
                    os.symlink(what[5:], os.path.join(context, path))
            with tempfile.NamedTemporaryFile("w", suffix=".Dockerfile", encoding="utf-8") as file:
                file.write(plan.text)
                file.flush()
                say(f"building {wanted.dockerfile}")
                image = await self.build(modal.Image.from_dockerfile(
                    file.name, context_dir=context, ignore=[], force_build=force))
        cache.put(plan.dockerfile_key(), image.object_id)
        return image, plan.dockerfile_key()

    async def build(self, image):
        modal = import_modal()
        with explained("the image could not be built", "image"), modal.enable_output():
            app = await self.account.app()
            await image.build.aio(app)
        return self.by_id(image.object_id)  # what was built would be sent again as it was described
