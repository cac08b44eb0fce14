// What is found wrong while one file is read: gathered in any order, told in the file's order.
#pragma once

#include "config/load.hpp"

#include <map>
#include <string>
#include <vector>

namespace sallyport::config {

class Faults {
 public:
    explicit Faults(path file) : file_(std::move(file)) {}

    /// The same fault, found twice (two listeners inherit it from [tls]), is kept once.
    void add(unsigned line, std::string const& what, std::string hint = {}) {
        Problem problem{file_.string() + ":" + std::to_string(line) + ": " + what, std::move(hint)};
        std::vector<Problem>& known = by_line_[line];
        for (Problem const& other : known)
            if (other.what == problem.what) return;
        known.push_back(std::move(problem));
    }

    bool empty() const { return by_line_.empty(); }

    std::vector<Problem> in_order() const {
        std::vector<Problem> all;
        for (auto const& [line, problems] : by_line_)
            all.insert(all.end(), problems.begin(), problems.end());
        return all;
    }

 private:
    path file_;
    std::map<unsigned, std::vector<Problem>> by_line_;
};

}  // namespace sallyport::config
