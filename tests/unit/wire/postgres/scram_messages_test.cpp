#include "wire/postgres/scram_messages.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::postgres {
namespace {

using namespace std::literals;
using Binding = ScramClientFirst::Binding;

/// The examples of RFC 5802 section 5 and RFC 7677 section 3, and a login of psql.
struct Exchange {
    std::string_view client_first;
    std::string_view server_first;
    std::string_view client_final;
    std::string_view server_final;
};
constexpr Exchange rfc_5802{
    .client_first = "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    .server_first = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    .client_final =
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
        "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    .server_final = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
};
constexpr Exchange rfc_7677{
    .client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    .server_first =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    .client_final =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    .server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};
constexpr Exchange psql{
    .client_first = "n,,n=,r=B7U9OnQZTW6NZLpznbosaxvx",
    .server_first =
        "r=B7U9OnQZTW6NZLpznbosaxvxHuIJ5hnZJvhHG4/Vb7Fzh9OJ,"
        "s=6nA7s/GD4p8NIlgSkJmT7Q==,i=4096",
    .client_final =
        "c=biws,r=B7U9OnQZTW6NZLpznbosaxvxHuIJ5hnZJvhHG4/Vb7Fzh9OJ,"
        "p=Al+BrycIdDT3FUZHfd38jOrvgyDPFmgJtSS9LIbvONI=",
    .server_final = "v=NenDwgwFj+/8pb5YFTP7MbpI5hBe8VZe1DorG2vaGJQ=",
};

TEST(ScramMessages, ExamplesAreRead) {
    for (auto const& example : {rfc_5802, rfc_7677, psql}) {
        auto const client_first = read_scram_client_first(example.client_first);
        auto const server_first = read_scram_server_first(example.server_first);
        auto const client_final = read_scram_client_final(example.client_final);
        auto const server_final = read_scram_server_final(example.server_final);
        ASSERT_TRUE(client_first && server_first && client_final && server_final);
        EXPECT_EQ(client_first->binding, Binding::not_supported);
        EXPECT_EQ(client_first->gs2_header, "n,,");
        EXPECT_EQ(client_first->bare, example.client_first.substr(3));
        EXPECT_TRUE(server_first->nonce.starts_with(client_first->nonce));
        EXPECT_EQ(server_first->iterations, 4096U);
        EXPECT_EQ(write_scram_server_first(*server_first), example.server_first);
        EXPECT_EQ(client_final->binding, "biws");
        EXPECT_EQ(client_final->nonce, server_first->nonce);
        auto const whole = std::string(client_final->without_proof) + ",p=";
        EXPECT_EQ(whole + std::string(client_final->proof), example.client_final);
        EXPECT_EQ("v=" + std::string(server_final->signature), example.server_final);
        EXPECT_EQ(server_final->error, "");
    }
}

TEST(ScramMessages, ValuesAreThoseOfTheExample) {
    EXPECT_EQ(read_scram_client_first(rfc_7677.client_first)->nonce, "rOprNGfwEbeRWgbNEkqO");
    EXPECT_EQ(read_scram_server_first(rfc_7677.server_first)->salt, "W22ZaJ0SNY7soEsUEjb6gQ==");
    EXPECT_EQ(read_scram_client_final(rfc_7677.client_final)->proof,
              "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
}

TEST(ScramMessages, ClientSaysWhatItThinksOfBinding) {
    auto const used = read_scram_client_first("p=tls-server-end-point,,n=,r=abc");
    ASSERT_TRUE(used);
    EXPECT_EQ(used->binding, Binding::used);
    EXPECT_EQ(used->binding_name, "tls-server-end-point");
    EXPECT_EQ(used->gs2_header, "p=tls-server-end-point,,");
    EXPECT_EQ(used->bare, "n=,r=abc");
    auto const not_offered = read_scram_client_first("y,,n=,r=abc");
    ASSERT_TRUE(not_offered);
    EXPECT_EQ(not_offered->binding, Binding::not_offered);
    EXPECT_EQ(not_offered->gs2_header, "y,,");
    EXPECT_EQ(not_offered->binding_name, "");
}

TEST(ScramMessages, NamesAreNotJudged) {
    for (auto const text : {"n,,n=a=b,r=abc"sv, "n,,n=\xff,r=abc"sv, "n,,n=a=2Cb,r=abc"sv})
        EXPECT_EQ(read_scram_client_first(text)->nonce, "abc") << text;
}

TEST(ScramMessages, ExtensionsArePassedOver) {
    EXPECT_EQ(read_scram_client_first("n,,n=,r=abc,x=1,y==")->nonce, "abc");
    EXPECT_EQ(read_scram_server_first("r=abc,s=AAAA,i=1,x=1")->iterations, 1U);
    auto const final = read_scram_client_final("c=biws,r=abc,x=1,y=2,p=AAAA");
    ASSERT_TRUE(final);
    EXPECT_EQ(final->without_proof, "c=biws,r=abc,x=1,y=2");
    EXPECT_EQ(final->proof, "AAAA");
    EXPECT_EQ(read_scram_server_final("v=AAAA,x=1")->signature, "AAAA");
}

TEST(ScramMessages, ServerMaySayAnError) {
    auto const error = read_scram_server_final("e=invalid-proof");
    ASSERT_TRUE(error);
    EXPECT_EQ(error->error, "invalid-proof");
    EXPECT_EQ(error->signature, "");
}

TEST(ScramMessages, ClientFirstsThatAreNoneAreMalformed) {
    for (auto const text : {""sv,
                            "n"sv,
                            "n,"sv,
                            "n,,"sv,
                            "n,,n=,"sv,
                            "n,,n=,r="sv,
                            "n,,r=abc"sv,
                            "n,,r=abc,n="sv,
                            "n,,n,r=abc"sv,
                            "N,,n=,r=abc"sv,
                            "x,,n=,r=abc"sv,
                            ",,n=,r=abc"sv,
                            "yes,,n=,r=abc"sv,
                            "p,,n=,r=abc"sv,
                            "p=,,n=,r=abc"sv,
                            "p=a b,,n=,r=abc"sv,
                            "p=a_b,,n=,r=abc"sv,
                            "n=,,n=,r=abc"sv,
                            "n,n=,r=abc"sv,
                            "n,a=other,n=,r=abc"sv,
                            "n,x,n=,r=abc"sv,
                            "n,,m=must,n=,r=abc"sv,
                            "n,,n=,r=abc,m=must"sv,
                            "n,,n=,r=abc,"sv,
                            "n,,n=,r=abc,x="sv,
                            "n,,n=,r=abc,1=x"sv,
                            "n,,n=,r=abc,x"sv,
                            "n,,n=,r=a c"sv,
                            "n,,n=,r=a\x7f"sv,
                            "n,,n=,r=a\xc3\xa4"sv,
                            "n,,n=,r=a\0c"sv,
                            "n,,n=a\0c,r=abc"sv,
                            "n,, n=,r=abc"sv})
        EXPECT_EQ(read_scram_client_first(text).error(), Errc::malformed) << text;
}

TEST(ScramMessages, NoncesHaveALimit) {
    std::string const most(max_nonce, 'a');
    EXPECT_TRUE(read_scram_client_first("n,,n=,r=" + most));
    EXPECT_EQ(read_scram_client_first("n,,n=,r=" + most + "a").error(), Errc::malformed);
    auto const both = most + most;
    EXPECT_TRUE(read_scram_server_first("r=" + both + ",s=AAAA,i=1"));
    EXPECT_EQ(read_scram_server_first("r=" + both + "a,s=AAAA,i=1").error(), Errc::malformed);
    EXPECT_TRUE(read_scram_client_final("c=biws,r=" + both + ",p=AAAA"));
    EXPECT_EQ(read_scram_client_final("c=biws,r=" + both + "a,p=AAAA").error(), Errc::malformed);
}

TEST(ScramMessages, ServerFirstsThatAreNoneAreMalformed) {
    for (auto const text : {""sv,
                            "r=abc"sv,
                            "r=abc,s=AAAA"sv,
                            "r=abc,s=AAAA,"sv,
                            "s=AAAA,r=abc,i=1"sv,
                            "r=,s=AAAA,i=1"sv,
                            "r=abc,s=,i=1"sv,
                            "r=abc,s=AAA,i=1"sv,
                            "r=abc,s=A===,i=1"sv,
                            "r=abc,s=AA=A,i=1"sv,
                            "r=abc,s=AA*A,i=1"sv,
                            "r=abc,s=====,i=1"sv,
                            "r=abc,s=AAAA,i="sv,
                            "r=abc,s=AAAA,i=0"sv,
                            "r=abc,s=AAAA,i=01"sv,
                            "r=abc,s=AAAA,i=-1"sv,
                            "r=abc,s=AAAA,i=+1"sv,
                            "r=abc,s=AAAA,i= 1"sv,
                            "r=abc,s=AAAA,i=1 "sv,
                            "r=abc,s=AAAA,i=0x1"sv,
                            "r=abc,s=AAAA,i=2147483648"sv,
                            "r=abc,s=AAAA,i=4294967297"sv,
                            "r=abc,s=AAAA,i=99999999999999999999"sv,
                            "m=x,r=abc,s=AAAA,i=1"sv,
                            "r=abc,s=AAAA,i=1,"sv,
                            "r=abc,s=AAAA,i=1,m=x"sv,
                            "r=abc,s=AA\0A,i=1"sv})
        EXPECT_EQ(read_scram_server_first(text).error(), Errc::malformed) << text;
    EXPECT_EQ(read_scram_server_first("r=abc,s=AAAA,i=2147483647")->iterations, 2147483647U);
}

TEST(ScramMessages, ClientFinalsThatAreNoneAreMalformed) {
    for (auto const text :
         {""sv, "c=biws"sv, "c=biws,r=abc"sv, "c=biws,r=abc,x=1"sv, "c=biws,p=AAAA"sv,
          "r=abc,c=biws,p=AAAA"sv, "c=biws,r=abc,p="sv, "c=biws,r=abc,p=AAA"sv, "c=,r=abc,p=AAAA"sv,
          "c=n,,,r=abc,p=AAAA"sv, "c=biws,r=,p=AAAA"sv, "c=biws,r=abc,p=AAAA,"sv,
          "c=biws,r=abc,p=AAAA,x=1"sv, "c=biws,r=abc,p=AAAA,p=AAAA"sv, "c=biws,r=abc,x=,p=AAAA"sv,
          "c=biws,r=abc,m=x,p=AAAA"sv, "c=biws,r=abc,,p=AAAA"sv, "c=biws,r=a\xff,p=AAAA"sv})
        EXPECT_EQ(read_scram_client_final(text).error(), Errc::malformed) << text;
}

TEST(ScramMessages, ServerFinalsThatAreNoneAreMalformed) {
    for (auto const text : {""sv, "v="sv, "v=AAA"sv, "e="sv, "v"sv, "x=AAAA"sv, "v=AAAA,"sv,
                            "m=x,v=AAAA"sv, "v=AAAA,m=x"sv, "e=a\0"sv, "v=AA AA==="sv})
        EXPECT_EQ(read_scram_server_final(text).error(), Errc::malformed) << text;
}

// Whatever is cut off or changed: no crash, and views into the text only.
TEST(ScramMessages, TruncationsAreMalformedOrAnotherMessage) {
    for (auto const& example : {rfc_5802, rfc_7677, psql}) {
        for (std::size_t size = 0; size < example.client_final.size(); ++size) {
            std::vector<char> const exact(example.client_final.begin(),
                                          example.client_final.begin() + static_cast<long>(size));
            std::string_view const text(exact.data(), exact.size());
            read_scram_client_first(text);
            read_scram_server_first(text);
            read_scram_server_final(text);
            auto const final = read_scram_client_final(text);
            if (final) {
                EXPECT_EQ(final->without_proof.data(), text.data());
            }
        }
    }
}

}  // namespace
}  // namespace sallyport::postgres
