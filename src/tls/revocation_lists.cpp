#include "tls/revocation_lists.hpp"

#include "tls/handles.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <new>

namespace sallyport::tls {
namespace {

using Check = X509_STORE_CTX_check_crl_fn;

/// What judges a list before a certificate is looked up in it, where nobody has set another: its
/// issuer's right to sign lists, its scope, its dates, its signature.
Check openssl_check(X509_STORE& store) {
    X509StoreCtxPtr const context(X509_STORE_CTX_new());
    if (!context || X509_STORE_CTX_init(context.get(), &store, nullptr, nullptr) != 1)
        throw std::bad_alloc();
    return X509_STORE_CTX_get_check_crl(context.get());
}

class ProvenLists {
 public:
    ProvenLists(Check openssl, std::vector<X509_CRL*> const& lists) : check_(openssl) {
        for (X509_CRL* const list : lists) proofs_[list];
    }

    int check(X509_STORE_CTX& chain, X509_CRL& list) {
        EVP_PKEY* const key = signer(chain);
        if (key != nullptr && is_current(chain, list) && is_proven(list, *key)) return 1;
        int const passed = check_(&chain, &list);
        if (passed == 1 && key != nullptr && speaks_of_all(list)) prove(list, *key);
        return passed;
    }

 private:
    /// The key of the CA that issued the certificate in question, where that CA may sign lists and
    /// is the one that OpenSSL takes the list for. Null where the case is any less plain.
    static EVP_PKEY* signer(X509_STORE_CTX& context) {
        STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(&context);
        int const last = sk_X509_num(chain) - 1;
        // A root has issued itself.
        int const above = std::min(X509_STORE_CTX_get_error_depth(&context) + 1, last);
        X509* const issuer = X509_STORE_CTX_get0_current_issuer(&context);
        if (issuer == nullptr || issuer != sk_X509_value(chain, above)) return nullptr;
        bool const may_sign = (X509_get_key_usage(issuer) & KU_CRL_SIGN) != 0;
        return may_sign ? X509_get0_pubkey(issuer) : nullptr;
    }

    static bool is_current(X509_STORE_CTX& context, X509_CRL const& list) {
        return X509_cmp_timeframe(X509_STORE_CTX_get0_param(&context),
                                  X509_CRL_get0_lastUpdate(&list),
                                  X509_CRL_get0_nextUpdate(&list)) == 0;
    }

    /// Of each certificate of its issuer, and by itself. Whether one that does not (RFC 5280
    /// sections 5.2.4 and 5.2.5) may be taken depends on the certificate.
    static bool speaks_of_all(X509_CRL const& list) {
        return X509_CRL_get_ext_by_NID(&list, NID_issuing_distribution_point, -1) < 0 &&
               X509_CRL_get_ext_by_NID(&list, NID_delta_crl, -1) < 0;
    }

    bool is_proven(X509_CRL& list, EVP_PKEY& key) {
        std::lock_guard const lock(mutex_);
        auto const proof = proofs_.find(&list);
        return proof != proofs_.end() && proof->second &&
               EVP_PKEY_eq(proof->second.get(), &key) == 1;
    }

    /// The last one counts: a stranger, whose chain is not judged yet, may have made a key that
    /// fits the list, and must not keep its CA's out.
    void prove(X509_CRL& list, EVP_PKEY& key) {
        std::lock_guard const lock(mutex_);
        auto const proof = proofs_.find(&list);
        if (proof != proofs_.end()) proof->second = share(&key);
    }

    Check check_;
    std::mutex mutex_;  ///< held for a look-up per certificate
    /// The key that each list was found to be signed with. Lists are the store's; no others are
    /// remembered.
    std::map<X509_CRL const*, EvpPkeyPtr> proofs_;
};

/// CRYPTO_EX_free(3).
void forget(void*, void* lists, CRYPTO_EX_DATA*, int, long, void*) {
    std::unique_ptr<ProvenLists> const owned(static_cast<ProvenLists*>(lists));
}

/// Where a store keeps them.
int slot() {
    static int const index =
        CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_X509_STORE, 0, nullptr, nullptr, nullptr, forget);
    return index;
}

/// X509_STORE_set_check_crl(3).
int check(X509_STORE_CTX* chain, X509_CRL* list) {
    X509_STORE* const store = X509_STORE_CTX_get0_store(chain);
    return static_cast<ProvenLists*>(X509_STORE_get_ex_data(store, slot()))->check(*chain, *list);
}

/// OpenSSL sorts a list when something is first looked up in it: 50 ms for 100,000 entries, which
/// would hold up all sessions of a worker.
void sort(X509_CRL& list) {
    Asn1IntegerPtr const any(ASN1_INTEGER_new());
    X509_REVOKED* entry = nullptr;
    X509_CRL_get0_by_serial(&list, &entry, any.get());
}

/// Looks up a root itself, which proves its list.
void look_up(X509_STORE& store, X509& ca) {
    X509StoreCtxPtr const context(X509_STORE_CTX_new());
    if (!context || X509_STORE_CTX_init(context.get(), &store, &ca, nullptr) != 1)
        throw std::bad_alloc();
    X509_verify_cert(context.get());
    ERR_clear_error();
}

bool is_of(X509_CRL const& list, X509 const& ca) {
    return X509_NAME_cmp(X509_CRL_get_issuer(&list), X509_get_subject_name(&ca)) == 0;
}

}  // namespace

void check_revocations(SSL_CTX& context, std::vector<X509*> const& cas,
                       std::vector<X509_CRL*> const& lists) {
    X509_STORE* const store = SSL_CTX_get_cert_store(&context);
    for (X509_CRL* const list : lists) X509_STORE_add_crl(store, list);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    auto proven = std::make_unique<ProvenLists>(openssl_check(*store), lists);
    if (X509_STORE_set_ex_data(store, slot(), proven.get()) != 1) throw std::bad_alloc();
    proven.release();
    X509_STORE_set_check_crl(store, check);
    for (X509_CRL* const list : lists) sort(*list);
    for (X509* const ca : cas)
        if (std::ranges::any_of(lists, [&](X509_CRL const* list) { return is_of(*list, *ca); }))
            look_up(*store, *ca);
}

}  // namespace sallyport::tls
