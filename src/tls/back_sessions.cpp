#include "tls/back_sessions.hpp"

#include "tls/context.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace sallyport::tls {
namespace {

using Time = BackSessions::Time;

/// What a connection knows of the sessions that it will be given: tickets come while it reads.
struct Note {
    BackSessionKey key;
    Time full_until;     ///< for the sessions of a full handshake
    Time resumed_until;  ///< for those that go on from the one that it has resumed
};

/// CRYPTO_EX_free(3).
template <class T>
void forget(void*, void* object, CRYPTO_EX_DATA*, int, long, void*) {
    std::unique_ptr<T> const owned(static_cast<T*>(object));
}

/// Where a context keeps them: connections may outlive everything else that made it.
int sessions_slot() {
    static int const slot =
        SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, forget<BackSessions>);
    return slot;
}

int note_slot() {
    static int const slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, forget<Note>);
    return slot;
}

/// When the certificate ends. The beginning of time where it does not say so intelligibly.
Time end_of(X509 const* certificate) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return {};
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

BackSessionKey key_of(BackWish const& wish) {
    std::string text;
    // Each with its size before it, so that no two wishes read alike.
    for (std::string const& part :
         {wish.resume_at, wish.server_name, wish.alpn, wish.version, wish.cipher})
        text += std::to_string(part.size()) + ":" + part;
    if (wish.identity != nullptr) {
        BackSessionKey leaf{};
        if (X509_digest(wish.identity->chain.front(), EVP_sha256(), leaf.data(), nullptr) != 1)
            throw std::bad_alloc();
        text.append(leaf.begin(), leaf.end());
    }
    BackSessionKey key{};
    SHA256(reinterpret_cast<unsigned char const*>(text.data()), text.size(), key.data());
    return key;
}

/// What the full handshake allows at most: no certificate of either side may have ended.
Time limit(BackWish const& wish, Time now) {
    if (wish.identity == nullptr) return now + BackSessions::term;
    auto until = now + BackSessions::mirrored_term;
    for (X509 const* const certificate : wish.identity->chain)
        until = std::min<Time>(until, end_of(certificate));
    return until;
}

/// When the session that `ssl` has just been given must not be used any more.
Time term_of(SSL& ssl, SSL_SESSION& session, Note const& note) {
    auto until = SSL_session_reused(&ssl) == 1 ? note.resumed_until : note.full_until;
    until = std::min<Time>(until, end_of(SSL_SESSION_get0_peer(&session)));
    // Empty in a resumed connection, whose limit has them in it.
    STACK_OF(X509)* const chain = SSL_get0_verified_chain(&ssl);
    for (int i = 0; i < sk_X509_num(chain); ++i)
        until = std::min<Time>(until, end_of(sk_X509_value(chain, i)));
    // The hint is an unsigned of 32 bits on the wire. 0: unknown before TLS 1.3 (RFC 5077 section
    // 3.3); since then: not to be kept (RFC 8446 section 4.6.1).
    auto const hint = std::chrono::seconds(
        static_cast<std::int64_t>(SSL_SESSION_get_ticket_lifetime_hint(&session)));
    auto const given = std::chrono::system_clock::from_time_t(SSL_SESSION_get_time(&session));
    bool const is_unknown = hint.count() == 0 && SSL_version(&ssl) != TLS1_3_VERSION;
    return is_unknown ? until : std::min<Time>(until, given + hint);
}

/// SSL_CTX_sess_set_new_cb(3): 0, as the session stays OpenSSL's.
int remember(SSL* ssl, SSL_SESSION* session) {
    auto const* const note = static_cast<Note const*>(SSL_get_ex_data(ssl, note_slot()));
    if (note == nullptr || SSL_SESSION_get0_peer(session) == nullptr) return 0;
    bool const is_judged = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE;
    if (is_judged && SSL_get_verify_result(ssl) != X509_V_OK) return 0;
    // A copy: the connection's own changes with it, on its thread.
    SslSessionPtr copy(SSL_SESSION_dup(session));
    if (!copy || SSL_SESSION_is_resumable(copy.get()) != 1) return 0;
    auto const until = term_of(*ssl, *session, *note);
    BackSessions::of(*ssl).keep(note->key, {std::move(copy), until},
                                std::chrono::system_clock::now());
    return 0;
}

}  // namespace

void BackSessions::attach(SSL_CTX& context) {
    auto sessions = std::make_unique<BackSessions>();
    if (SSL_CTX_set_ex_data(&context, sessions_slot(), sessions.get()) != 1) throw std::bad_alloc();
    static_cast<void>(sessions.release());  // The context's now.
    SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(&context, remember);
}

BackSessions& BackSessions::of(SSL& ssl) {
    return *static_cast<BackSessions*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(&ssl), sessions_slot()));
}

void BackSessions::prepare(SSL& ssl, BackWish const& wish, Time now) {
    auto note = std::make_unique<Note>(Note{key_of(wish), limit(wish, now), Time()});
    auto const entry = of(ssl).take(note->key, now);
    if (entry.session && SSL_set_session(&ssl, entry.session.get()) == 1)
        note->resumed_until = entry.until;
    if (SSL_set_ex_data(&ssl, note_slot(), note.get()) != 1) throw std::bad_alloc();
    static_cast<void>(note.release());  // The connection's now.
}

void BackSessions::put_back(SSL& ssl) {
    if (SSL_session_reused(&ssl) == 1 && SSL_version(&ssl) < TLS1_3_VERSION)
        remember(&ssl, SSL_get_session(&ssl));
}

void BackSessions::on_failure(SSL& ssl, Time now) {
    auto const* const note = static_cast<Note const*>(SSL_get_ex_data(&ssl, note_slot()));
    bool const was_to_resume = note != nullptr && note->resumed_until != Time();
    if (!was_to_resume) return;
    auto& sessions = of(ssl);
    std::lock_guard const lock(sessions.mutex_);
    sessions.kept_.clear();
    sessions.size_ = 0;
    sessions.paused_until_ = now + pause;
}

void BackSessions::keep(BackSessionKey const& key, Entry entry, Time now) {
    if (entry.until <= now) return;
    std::lock_guard const lock(mutex_);
    if (now < paused_until_) return;
    if (size_ >= max_sessions) make_room(now);
    auto& equals = kept_[key];
    if (equals.size() == max_per_key) {
        equals.pop_front();
        --size_;
    }
    equals.push_back(std::move(entry));
    ++size_;
}

BackSessions::Entry BackSessions::take(BackSessionKey const& key, Time now) {
    std::lock_guard const lock(mutex_);
    auto const found = kept_.find(key);
    if (found == kept_.end()) return {};
    auto& equals = found->second;
    Entry taken;
    // The newest first, which has the most time left; what is over goes on the way.
    while (!equals.empty() && !taken.session) {
        if (equals.back().until > now) taken = std::move(equals.back());
        equals.pop_back();
        --size_;
    }
    if (equals.empty()) kept_.erase(found);
    return taken;
}

std::size_t BackSessions::size() const {
    std::lock_guard const lock(mutex_);
    return size_;
}

/// Drops what is over, or everything where nothing is: those that come will fill it anew.
void BackSessions::make_room(Time now) {
    for (auto& [key, equals] : kept_)
        size_ -= std::erase_if(equals, [now](Entry const& entry) { return entry.until <= now; });
    std::erase_if(kept_, [](auto const& item) { return item.second.empty(); });
    if (size_ < max_sessions) return;
    kept_.clear();
    size_ = 0;
}

}  // namespace sallyport::tls
