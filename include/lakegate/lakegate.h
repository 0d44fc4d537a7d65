// Everything the library promises, in one include.
//
//   auto session = lakegate::Session::Open();
//   auto rows = (*session)->Sql("SELECT 1");
//
// session.h is the way in: datasets, guarded SQL, kernels and writes. job.h runs job files.
// Errors are values (result.h, error.h); rows are Arrow streams (arrow.h); nothing throws.
#ifndef LAKEGATE_LAKEGATE_H_
#define LAKEGATE_LAKEGATE_H_

#include "lakegate/arrow.h"
#include "lakegate/asof_join.h"
#include "lakegate/cancel.h"
#include "lakegate/canonical_sort.h"
#include "lakegate/dataset.h"
#include "lakegate/dedupe.h"
#include "lakegate/delta_table.h"
#include "lakegate/error.h"
#include "lakegate/explode_list.h"
#include "lakegate/interval_align.h"
#include "lakegate/job.h"
#include "lakegate/kernel.h"
#include "lakegate/kernel_call.h"
#include "lakegate/policy.h"
#include "lakegate/profile.h"
#include "lakegate/render.h"
#include "lakegate/result.h"
#include "lakegate/row_ids.h"
#include "lakegate/run_record.h"
#include "lakegate/session.h"
#include "lakegate/version.h"
#include "lakegate/winner_select.h"
#include "lakegate/worker.h"
#include "lakegate/write.h"

#endif  // LAKEGATE_LAKEGATE_H_
