/* Exporting artifacts. */
#ifndef EXPORT_CUT_ARTIFACT_H
#define EXPORT_CUT_ARTIFACT_H

#include "export/cut/cut.h"
#include "export/cut/sink.h"

/* Writes the content of an artifact as the member artifacts/<hex>; with a NULL sink it is only scanned. A suspected
 * secret is recorded in the cut. */
int artifact_put(struct cut *cut, const uint8_t digest[LOG_HASH], struct sink *sink, struct err *err);

#endif
