// Metrics as Prometheus reads them (its text format, version 0.0.4).
//
// A writer of our own: the library for it wants to own the counters, and ours are where they are
// counted.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::console {

class PrometheusText {
 public:
    static constexpr std::string_view type = "text/plain; version=0.0.4; charset=utf-8";

    enum class Kind { counter, gauge };
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// Begins a family; its samples follow. `help` is one line.
    void family(std::string_view name, Kind kind, std::string_view help);
    /// One of the family's; label values may be any text.
    void sample(Labels labels, long long value);

    std::string take() { return std::move(text_); }

 private:
    std::string name_;
    std::string text_;
};

}  // namespace sallyport::console
