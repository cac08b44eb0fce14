#include "console/prometheus_text.hpp"

namespace sallyport::console {

void PrometheusText::family(std::string_view name, Kind kind, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text_.append(name).append(kind == Kind::counter ? " counter\n" : " gauge\n");
}

void PrometheusText::sample(Labels labels, long long value) {
    text_ += name_;
    char separator = '{';
    for (auto const& [key, content] : labels) {
        text_ += separator;
        separator = ',';
        text_.append(key).append("=\"");
        for (char const c : content) {
            if (c == '\\' || c == '"') text_ += '\\';
            if (c == '\n')
                text_ += "\\n";
            else
                text_ += c;
        }
        text_ += '"';
    }
    if (separator == ',') text_ += '}';
    text_.append(" ").append(std::to_string(value)).append("\n");
}

}  // namespace sallyport::console
