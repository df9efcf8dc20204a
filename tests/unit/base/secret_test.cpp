#include "base/secret.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

TEST_CASE("a URL is shown without its password") {
  CHECK(masked_url("http://u:pw@m:5000/x") == "http://u:" + Secret(std::string("pw")).masked() + "@m:5000/x");
  for (const char* url :
       {"http://u@m", "http://u:@m", "http://m:5000", "http://m/a:b@c", "m:5000", "", "http://m?a:b@c"})
    CHECK(masked_url(url) == url);
}
