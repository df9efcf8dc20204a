// The part of the facts about processes: the runtimes, the kubelet and the programs a distribution is known by.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "node/facts_parts.h"

namespace rf {

class ProcessReader {
 public:
  // One line of the facts without its key. Keys of a newer script are passed over. The Error has no place: the caller
  // knows the line.
  Result<void> record(std::string_view key, std::string_view rest);
  // Puts what was read into `facts`; once, after the last line.
  KubeletProcess end(Facts& facts);

 private:
  struct Record {
    std::string name;
    RuntimeProcess about;
  };
  std::map<int, Record> records_;
  std::vector<int> order_;
};

}  // namespace rf
