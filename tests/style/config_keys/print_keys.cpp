// Prints the parser's table of keys for config_keys_test.py: key, type, default and range, separated by tabs.
#include <iostream>

#include "daemon/core/config/keys.hpp"

int main() {
    const ntpopt::Config defaults;
    for (const auto& key : ntpopt::config_keys())
        std::cout << key.path() << '\t' << key.type << '\t' << ntpopt::render_toml(key.show(defaults)) << '\t' << key.range
                  << '\n';
}
