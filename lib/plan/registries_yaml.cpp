#include "plan/styles.h"

namespace rf {

Result<Draft> plan_registries_yaml(const PlanContext& context) {
  return Error{ErrorKind::unsupported, context.detection.profile.title + " takes its registries from " + context.detection.era.registries_file,
               "write them there; `regfallback explain` shows what follows"};
}

}  // namespace rf
