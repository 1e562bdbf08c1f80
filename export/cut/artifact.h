/* Artifacts as they leave. */
#ifndef EXPORT_CUT_ARTIFACT_H
#define EXPORT_CUT_ARTIFACT_H

#include "export/cut/cut.h"
#include "export/cut/sink.h"

/* The content of an artifact becomes the member artifacts/<hex>; NULL: it is only looked at. What looks like a secret in it
 * is noticed in the cut. */
int artifact_put(struct cut *cut, const uint8_t digest[LOG_HASH], struct sink *sink, struct err *err);

#endif
