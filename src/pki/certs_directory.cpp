#include "pki/certs_directory.hpp"

#include "pki/files.hpp"

#include <algorithm>

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view unfinished = ".staged.new";

Fault cannot(std::string_view doing, fs::path const& file, std::error_code const& reason) {
    return system_fault(doing, file.string(),
                        error_code(reason.value(), boost::system::system_category()));
}

/// Every regular file below `directory`, relative to it. In no particular order.
Checked<std::vector<fs::path>> files_below(fs::path const& directory) {
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error))
        if (at->is_regular_file(error)) files.push_back(at->path().lexically_relative(directory));
    if (error) return cannot("read", directory, error);
    return files;
}

Checked<void> sync(fs::path const& directory) {
    if (auto const error = sync_directory(directory))
        return system_fault("write", directory.string(), error);
    return {};
}

Checked<void> make_directory(fs::path const& directory) {
    if (!make_private_directory(directory))
        return system_fault("make the directory", directory.string(), last_system_error());
    return {};
}

/// What is wrong with a CA that has the right key.
std::optional<Fault> unfit(Certificate const& ca, fs::path const& file, Time now) {
    auto const text = file.string() + ": the CA certificate " + ca.subject();
    if (!ca.is_ca())
        return Fault{Errc::file_invalid, text + " is not one of a CA",
                     "this key belongs to a leaf; --ca-key names the key that create-ca made"};
    if (ca.not_after() <= now)
        return Fault{Errc::certificate_expired, text + " has expired",
                     "sallyport cert create-ca --overwrite puts a new one before it; give it to "
                     "clients before servers use it"};
    if (ca.not_before() > now)
        return Fault{Errc::certificate_expired, text + " is not valid yet",
                     "is the clock of this machine right?"};
    return std::nullopt;
}

}  // namespace

std::string certs_names::client(std::string_view user) {
    return "client." + std::string(user);
}

std::vector<NewFile> files_of(std::string_view stem, Credential const& credential,
                              std::string_view password) {
    std::string const name(stem);
    return {{name + ".key", credential.key.to_pem(password), true},
            {name + ".crt", to_pem(credential.chain), false}};
}

Checked<CertsDirectory> CertsDirectory::open(fs::path const& directory) {
    std::error_code error;
    auto const status = fs::status(directory, error);
    if (!fs::exists(status))
        return Fault{Errc::file_unreadable,
                     "the certs directory " + directory.string() + " does not exist",
                     "sallyport cert create-ca makes it; --certs-dir names another"};
    if (!fs::is_directory(status))
        return Fault{Errc::file_invalid,
                     "certs directory " + directory.string() + " exists but is not a directory",
                     "--certs-dir names another"};
    return CertsDirectory(directory);
}

Checked<CertsDirectory> CertsDirectory::open_to_write(fs::path const& directory, Notices notices) {
    std::error_code error;
    if (!fs::exists(directory, error))
        if (auto const made = make_directory(directory); !made) return made.error();
    auto opened = open(directory);
    if (!opened) return opened.error();

    auto lock = DirectoryLock::try_acquire(directory);
    if (!lock && lock.error() == Errc::would_block) {
        if (notices.on_wait) notices.on_wait();
        lock = DirectoryLock::acquire(directory);
    }
    if (!lock)
        return system_fault("write to the certs directory", directory.string(),
                            last_system_error());
    opened->lock_.emplace(std::move(*lock));
    opened->notices_ = std::move(notices);
    if (auto const finished = opened->finish_interrupted(); !finished) return finished.error();
    return opened;
}

bool CertsDirectory::has(std::string_view name) const {
    std::error_code error;
    return fs::exists(fs::symlink_status(file(name), error));
}

bool CertsDirectory::was_interrupted() const {
    return has(certs_names::staged);
}

Checked<std::vector<Certificate>> CertsDirectory::read_certificates(std::string_view name) const {
    auto const text = read_file(file(name));
    if (!text)
        return Fault{Errc::file_unreadable, "cannot read " + file(name).string(),
                     "sallyport cert create-ca makes a CA; --certs-dir names another directory"};
    auto const certificates = Certificate::from_pem(*text);
    if (!certificates)
        return Fault{Errc::file_invalid,
                     file(name).string() + " is not a whole PEM certificate file",
                     "restore it from a backup; the key that belongs to it is not lost by that"};
    return *certificates;
}

Checked<Authority> CertsDirectory::load_authority(std::vector<std::string_view> const& names,
                                                  KeyFile const& key_file, Time now) const {
    auto const key = load_key(key_file);
    if (!key) return key.error();
    std::string looked_at;
    for (auto const name : names) {
        bool const is_last = name == names.back();
        if (!has(name) && !(is_last && looked_at.empty())) continue;
        auto const certificates = read_certificates(name);
        if (!certificates) return certificates.error();
        looked_at += (looked_at.empty() ? "" : " and ") + file(name).string();
        for (auto const& certificate : *certificates) {
            if (!certificate.matches(*key)) continue;
            if (auto fault = unfit(certificate, file(name), now)) return *std::move(fault);
            auto const authority = Authority::from(certificate, *key);
            if (authority) return *authority;
            return Fault{Errc::file_invalid,
                         file(name).string() + ": the CA certificate has no key identifier",
                         "make it with a subjectKeyIdentifier extension"};
        }
    }
    return Fault{Errc::key_mismatch,
                 "error loading CA certificate " + looked_at + " and key " +
                     key_file.file.string() + ": the key belongs to no certificate there",
                 "--ca-key names the key that was made together with the CA certificate"};
}

Checked<void> CertsDirectory::write(std::vector<NewFile> const& files, bool overwrite,
                                    std::function<Checked<void>()> const& before_commit) const {
    for (auto const& one : files)
        if (!overwrite && has(one.name))
            return Fault{Errc::file_invalid, "file " + file(one.name).string() + " already exists",
                         "--overwrite replaces it; keep a copy of it if anybody still uses it"};
    auto const forget = [this] {
        std::error_code ignored;
        fs::remove_all(file(unfinished), ignored);
    };
    if (auto const staged = stage(files); !staged) {
        forget();
        return staged.error();
    }
    if (before_commit) {
        if (auto const agreed = before_commit(); !agreed) {
            forget();
            return agreed.error();
        }
    }
    std::error_code error;
    fs::rename(file(unfinished), file(certs_names::staged), error);
    if (error) {
        forget();
        return cannot("write", file(certs_names::staged), error);
    }
    if (auto const durable = sync(path_); !durable) return durable.error();
    return finish_interrupted();
}

Result<Readers> CertsDirectory::write_staged(fs::path const& target, NewFile const& one) const {
    if (one.is_private) return write_key(target, one.content, reading_group(file(one.name)));
    if (auto const reason = write_whole(target, one.content, public_mode)) return reason;
    return Readers::kept;
}

Checked<void> CertsDirectory::stage(std::vector<NewFile> const& files) const {
    auto const directory = file(unfinished);
    for (auto const& one : files) {
        auto const target = directory / one.name;
        if (auto const made = make_directory(target.parent_path()); !made) return made.error();
        auto const written = write_staged(target, one);
        if (!written) return system_fault("write", file(one.name).string(), written.error());
        if (*written == Readers::lost && notices_.on_lost_readers)
            notices_.on_lost_readers(file(one.name));
    }
    return sync(directory);
}

Checked<void> CertsDirectory::finish_interrupted() const {
    std::error_code error;
    fs::remove_all(file(unfinished), error);
    if (error) return cannot("remove", file(unfinished), error);
    auto const staged = file(certs_names::staged);
    if (!fs::exists(staged, error)) return {};

    auto files = files_below(staged);
    if (!files) return files.error();
    // Keys go first: a reader that looks in between finds a pair that does not match, and waits.
    std::ranges::sort(*files, std::greater());
    for (auto const& name : *files) {
        auto const target = path_ / name;
        if (auto const made = make_directory(target.parent_path()); !made) return made.error();
        fs::rename(staged / name, target, error);
        if (error) return cannot("write", target, error);
        if (auto const durable = sync(target.parent_path()); !durable) return durable.error();
    }
    fs::remove_all(staged, error);
    if (error) return cannot("remove", staged, error);
    return sync(path_);
}

}  // namespace sallyport::pki
