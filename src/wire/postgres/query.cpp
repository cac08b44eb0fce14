#include "wire/postgres/query.hpp"

#include "wire/postgres/messages.hpp"

namespace sallyport::postgres {
namespace {

/// The length of a value that is NULL: -1.
constexpr std::uint32_t null_length = 0xffff'ffff;

/// The unnamed statement. The types of its parameters are for the database to find.
Buffer write_parse(std::string_view statement) {
    Buffer body;
    Writer out(body);
    out.text_with_nul("");
    out.text_with_nul(statement);
    out.u16be(0);
    return make_message(message::parse, body);
}

/// The unnamed portal of the unnamed statement. No format codes: all values in and out are text.
Buffer write_bind(std::vector<std::string_view> const& parameters) {
    Buffer body;
    Writer out(body);
    out.text_with_nul("");
    out.text_with_nul("");
    out.u16be(0);
    out.u16be(static_cast<std::uint16_t>(parameters.size()));
    for (auto const parameter : parameters) {
        out.u32be(static_cast<std::uint32_t>(parameter.size()));
        out.text(parameter);
    }
    out.u16be(0);
    return make_message(message::bind, body);
}

Buffer write_execute(std::uint32_t max_rows) {
    Buffer body;
    Writer out(body);
    out.text_with_nul("");
    out.u32be(max_rows);
    return make_message(message::execute, body);
}

}  // namespace

Buffer write_question(Question const& question) {
    Buffer all;
    Writer out(all);
    out.bytes(write_parse(question.statement));
    out.bytes(write_bind(question.parameters));
    out.bytes(write_execute(question.max_rows));
    out.bytes(make_message(message::sync, {}));
    return all;
}

Result<std::vector<Value>> read_data_row(Bytes body) {
    Reader in(body);
    std::size_t const count = in.u16be();
    std::vector<Value> values;
    for (std::size_t i = 0; i < count && in.ok(); ++i) {
        auto const length = in.u32be();
        if (length == null_length)
            values.emplace_back();
        else
            values.emplace_back(as_text(in.take(length)));
    }
    if (!in.ok() || in.remaining() != 0) return Errc::malformed;
    return values;
}

}  // namespace sallyport::postgres
