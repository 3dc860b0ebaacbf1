// Random numbers of the laboratory: one generator and its own distributions, so that a seed means the same world with
// every standard library.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace ntpopt::lab {

class Dice {
  public:
    /// Neighbouring seeds are scattered: the generator counts upwards, and would else repeat its neighbour one step on.
    explicit Dice(std::uint64_t seed) : state_(mix(mix(seed) + kStep)) {}

    /// Another generator whose numbers do not depend on how many were drawn here.
    [[nodiscard]] Dice fork(std::uint64_t label) const { return Dice(state_ ^ mix(label + kStep)); }

    std::uint64_t bits() { return mix(state_ += kStep); }  // splitmix64
    double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
    double between(double low, double high) { return low + (high - low) * unit(); }
    /// Uniform in the logarithm.
    double log_between(double low, double high) { return low * std::pow(high / low, unit()); }
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(unit() * static_cast<double>(count)); }
    bool chance(double share) { return unit() < share; }
    double sign() { return chance(0.5) ? 1 : -1; }
    double exponential(double mean) { return -mean * std::log1p(-unit()); }
    double normal(double deviation) {
        const double radius = std::sqrt(-2 * std::log1p(-unit()));
        return deviation * radius * std::cos(2 * std::numbers::pi * unit());
    }

  private:
    static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;

    static std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

}  // namespace ntpopt::lab
