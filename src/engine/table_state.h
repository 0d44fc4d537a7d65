// A table's handle, for the other files of this room.
#ifndef LAKEGATE_ENGINE_TABLE_STATE_H_
#define LAKEGATE_ENGINE_TABLE_STATE_H_

#include "engine/handle.h"
#include "engine/table.h"

namespace lakegate::engine {

struct Table::State {
  TableHandle handle;
};

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_TABLE_STATE_H_
