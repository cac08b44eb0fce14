// A directory for one test, with the files that a configuration names in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>

namespace sallyport::config {

/// A temporary directory that ends with its owner.
class Scratch {
 public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "sallyport-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        directory_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    Scratch(Scratch const&) = delete;
    Scratch& operator=(Scratch const&) = delete;

    std::filesystem::path const& directory() const { return directory_; }

    std::filesystem::path write(std::string_view name, std::string_view content) const {
        std::ofstream(directory_ / name, std::ios::binary) << content;
        return directory_ / name;
    }

 private:
    std::filesystem::path directory_;
};

}  // namespace sallyport::config
