#include "shrink.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace offload::simulation {
namespace {

class Shrinker {
  public:
    Shrinker(World world, const std::function<bool(const World&)>& fails)
        : world_(std::move(world)), fails_(fails) {}

    World shrink() && {
        while (std::exchange(shrunk_, false) || first_) {
            first_ = false;
            for (std::size_t i = 0; i < world_.groups.size(); ++i) {
                drop_parts([i](World& world) -> auto& { return world.groups[i].ids; });
                attempt([i](World& world) { world.groups[i].broken.clear(); });
            }
            drop_parts([](World& world) -> auto& { return world.interrupts; });
            drop_parts([](World& world) -> auto& { return world.settings.known_durations; });
            drop_parts([](World& world) -> auto& { return world.settings.selection.what; });
            drop_each([](World& world) -> auto& { return world.execs; });
            drop_each([](World& world) -> auto& { return world.creations; });
            drop_each([](World& world) -> auto& { return world.destructions; });
            drop_each([](World& world) -> auto& { return world.vanishings; });
            drop_each([](World& world) -> auto& { return world.tests; });
            attempt([](World& world) { world.scripts = {}; });
            if (world_.turn > Seconds{0}) attempt([](World& world) { world.turn = Seconds{0}; });
        }
        return std::move(world_);
    }

  private:
    template <class Change>
    bool attempt(Change change) {
        World smaller = world_;
        change(smaller);
        if (size(smaller) >= size(world_) || !fails_(smaller)) return false;
        world_ = std::move(smaller);
        shrunk_ = true;
        return true;
    }

    static std::size_t size(const World& world) {
        std::size_t size = count_faults(world) + world.tests.size() + world.dead_slots.size() +
                           world.settings.known_durations.size() +
                           world.settings.selection.what.size() +
                           (world.turn > Seconds{0} ? 1 : 0) + (world.scripts.any ? 1 : 0);
        for (const auto& group : world.groups) size += group.ids.size() + group.broken.size();
        return size;
    }

    // Halves first, single ones last.
    template <class Part>
    void drop_parts(Part part) {
        for (std::size_t length = part(world_).size(); length > 0; length /= 2) {
            for (std::size_t from = 0; from < part(world_).size();) {
                const auto count = std::min(length, part(world_).size() - from);
                const bool dropped = attempt([&](World& world) {
                    auto& all = part(world);
                    const auto first = all.begin() + static_cast<std::ptrdiff_t>(from);
                    all.erase(first, first + static_cast<std::ptrdiff_t>(count));
                });
                if (!dropped) from += count;
            }
        }
    }

    template <class Part>
    void drop_each(Part part) {
        attempt([&](World& world) { part(world).clear(); });
        for (std::size_t i = 0; i < part(world_).size();) {
            const bool dropped = attempt([&](World& world) {
                auto& all = part(world);
                all.erase(std::next(all.begin(), static_cast<std::ptrdiff_t>(i)));
            });
            if (!dropped) ++i;
        }
    }

    World world_;
    const std::function<bool(const World&)>& fails_;
    bool first_ = true;
    bool shrunk_ = false;
};

}  // namespace

World shrink(World world, const std::function<bool(const World&)>& fails) {
    return Shrinker(std::move(world), fails).shrink();
}

}  // namespace offload::simulation
