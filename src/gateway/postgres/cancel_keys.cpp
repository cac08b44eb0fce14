#include "gateway/postgres/cancel_keys.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/random.h>

namespace sallyport::gateway {
namespace {

void fill_with_random_bytes(MutableBytes bytes) {
    while (!bytes.empty()) {
        auto const got = getrandom(bytes.data(), bytes.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            throw boost::system::system_error(errno, boost::system::system_category(), "getrandom");
        bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
}

/// Takes the same time wherever the two differ. How long a secret is, is no secret.
bool is_same_secret(Bytes left, Bytes right) {
    if (left.size() != right.size()) return false;
    // Volatile: the compiler may neither leave the loop early nor leave it out.
    std::uint8_t volatile difference = 0;
    for (std::size_t i = 0; i < left.size(); ++i)
        difference = difference | std::to_integer<std::uint8_t>(left[i] ^ right[i]);
    return difference == 0;
}

std::string_view raw_text(void const* data, std::size_t size) {
    return {static_cast<char const*>(data), size};
}

/// Whose guesses are counted together: an IPv4 address; the network of an IPv6 address, because a
/// whole one is what a single customer gets; everybody who comes over a Unix socket.
std::string guesser_of(Endpoint const& client) {
    if (client.family() == AF_INET) {
        sockaddr_in address{};
        std::memcpy(&address, client.get(), sizeof address);
        return std::string(raw_text(&address.sin_addr, sizeof address.sin_addr));
    }
    if (client.family() != AF_INET6) return "";
    sockaddr_in6 address{};
    std::memcpy(&address, client.get(), sizeof address);
    auto const bytes = raw_text(&address.sin6_addr, sizeof address.sin6_addr);
    // An IPv4 client of an IPv6 socket: the network of these is the whole of IPv4.
    if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) return std::string(bytes.substr(12));
    return std::string(bytes.substr(0, 8));
}

}  // namespace

void CancelKeys::add(std::uint64_t session, CancelRoute route, MutableBytes secret) {
    auto const process = route.key.process;
    postgres::CancelKey ours{process, Buffer(secret.size())};
    std::lock_guard const lock(mutex_);
    // Two servers number their processes alike, so the secret must tell their sessions apart.
    do {
        fill_with_random_bytes(ours.secret);
    } while (look_up(ours) != nullptr);
    std::copy(ours.secret.begin(), ours.secret.end(), secret.begin());
    entries_.emplace(process, Entry{session, std::move(ours.secret), std::move(route)});
    processes_.emplace(session, process);
}

void CancelKeys::remove(std::uint64_t session) {
    std::lock_guard const lock(mutex_);
    auto const [first, last] = processes_.equal_range(session);
    std::for_each(first, last, [&](auto const& known) {
        auto [entry, end] = entries_.equal_range(known.second);
        while (entry != end)
            entry = entry->second.session == session ? entries_.erase(entry) : std::next(entry);
    });
    processes_.erase(session);
}

std::uint64_t CancelKeys::next_session() {
    std::lock_guard const lock(mutex_);
    return ++last_session_;
}

std::optional<CancelRoute> CancelKeys::find(postgres::CancelKey const& key, Endpoint const& client,
                                            Clock::time_point now) {
    auto const guesser = guesser_of(client);
    std::lock_guard const lock(mutex_);
    auto const used = used_guesses(guesser, now);
    // Not even a right key counts then: else a flood of guesses would find it all the same.
    if (used + 1 > guesses) return std::nullopt;
    auto const* const entry = look_up(key);
    if (entry != nullptr) return entry->route;
    guessers_.put(guesser, {used + 1, now});
    return std::nullopt;
}

/// Looks at every session with this process id, and at a stand-in where there is none: how long it
/// takes does not tell which process ids are in use, nor how much of a secret was right.
CancelKeys::Entry const* CancelKeys::look_up(postgres::CancelKey const& key) const {
    auto const [first, last] = entries_.equal_range(key.process);
    if (first == last) is_same_secret(key.secret, key.secret);
    Entry const* match = nullptr;
    std::for_each(first, last, [&](auto const& known) {
        if (is_same_secret(key.secret, known.second.secret)) match = &known.second;
    });
    return match;
}

/// What is left of the wrong guesses of a client: one is forgiven in every `forgiven_after`.
double CancelKeys::used_guesses(std::string const& client, Clock::time_point now) const {
    auto const* const guesser = guessers_.peek(client);
    if (guesser == nullptr) return 0;
    std::chrono::duration<double> const since = now - guesser->at;
    return std::max(0.0, guesser->used - since / forgiven_after);
}

}  // namespace sallyport::gateway
