// One mirror CA on disk, and how it is rotated (`sallyport cert rotate-ca --mirror`).
//
// STEM.key is the key that issues. STEM.crt has the CA's certificate, and while a rotation is on
// its way that of the other CA of the same name too: databases are to trust both. STEM-cross.crt
// has the next CA as the old one vouches for it; it is sent above what the next CA has issued, for
// databases that trust the old one alone.
//
// Which of the certificates issues is what its key says. So one rename, of the next key into the
// place of the old one, is the whole move: there is no moment when a gateway that starts finds half
// of it. STEM-next.key waits before it, STEM-old.key stays behind until the old CA is retired.
#pragma once

#include "base/errc.hpp"
#include "pki/authority.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace sallyport::identity {

struct MirrorCa {
    pki::Authority issuing;
    std::vector<pki::Certificate> roots;  ///< what databases are to trust
    std::vector<pki::Certificate> cross;  ///< to be sent above what was issued; mostly none
};

/// The mirror CA of `real` in `directory`; made where there is none. Errors as Mirror::open's; the
/// log names the file.
Result<MirrorCa> open_mirror_ca(std::filesystem::path const& directory,
                                pki::Certificate const& real);

/// How far the rotation of one mirror CA has come.
enum class MirrorPhase {
    settled,    ///< one CA; none is under way
    beginning,  ///< interrupted: the next CA is not whole yet, and nobody has been told of it
    begun,      ///< both are in the bundle, the old one issues
    finishing,  ///< interrupted: the old key is kept already, and still issues
    finished,   ///< both are in the bundle, the next one issues
    retiring,   ///< interrupted: the old CA has left the bundle, its key is still there
};

class MirrorRotation {
 public:
    /// Those of all mirror CAs in `directory`: the stems of their files. Errc::file_unreadable.
    static Result<std::vector<MirrorRotation>> all(std::filesystem::path const& directory);

    std::string const& stem() const { return stem_; }
    /// The file that everything else is judged by.
    std::filesystem::path certificate_file() const { return file(".crt"); }
    Result<MirrorPhase> phase() const;
    /// The certificates in the bundle, that of the CA which issues first.
    Result<std::vector<pki::Certificate>> roots() const;

    // Each does what is left to do after an interruption, and nothing where all is done.
    // Errc::file_unreadable, file_invalid, key_mismatch. The caller holds the directory's lock.

    /// From settled or beginning to begun.
    Result<void> begin() const;
    /// From begun or finishing to finished.
    Result<void> finish() const;
    /// From finished or retiring to settled.
    Result<void> retire() const;

 private:
    MirrorRotation(std::filesystem::path directory, std::string stem)
        : directory_(std::move(directory)), stem_(std::move(stem)) {}
    std::filesystem::path file(std::string const& suffix) const {
        return directory_ / (stem_ + suffix);
    }
    Result<pki::Key> ensure_next_key() const;

    std::filesystem::path directory_;
    std::string stem_;
};

}  // namespace sallyport::identity
