#include <cstdio>

int main() {
  std::puts("regfallback " RF_VERSION);
  return 0;
}
