/* Cuts an answer into frames, however the network cut it into pieces.
 *
 *   MODEL_LINES   NDJSON: a frame is a line; LF or CRLF; blank lines are none; the last line may lack its end
 *   MODEL_EVENTS  server-sent events (HTML standard, 9.2.6): a frame is the data of an event, its lines joined by LF; lines end
 *                 in LF, CRLF or CR; a byte order mark, comments, other fields and events without data are skipped.
 *                 Deviations: an event at the end that lacks its blank line counts, and a field "error" is data of its own
 *                 (llama.cpp before late 2025)
 *   MODEL_WHOLE   all of it is one frame */
#ifndef WORK_MODEL_FRAME_H
#define WORK_MODEL_FRAME_H

#include "base/bytes.h"

enum model_form { MODEL_LINES, MODEL_EVENTS, MODEL_WHOLE };

/* Gets a frame, borrowed; `error`: of an event or in a field of that name. A non-zero result ends the cutting. */
typedef int model_frame_fn(void *ctx, struct bytes frame, bool error, struct err *err);

struct model_frames {
    enum model_form form;
    struct buf line; /* unfinished */
    struct buf data; /* of an unfinished event */
    bool has_data, of_error, after_cr, begun;
    model_frame_fn *take;
    void *ctx;
};

/* `max`: bytes of one frame. */
void model_frames_init(struct model_frames *f, enum model_form form, size_t max, model_frame_fn *take, void *ctx);
void model_frames_done(struct model_frames *f);
/* 0; the result of `take`; ERR_LIMIT: a frame is longer than the maximum; ERR_NOMEM. After a failure, only done. */
int model_frames_put(struct model_frames *f, struct bytes piece, struct err *err);
/* The answer ended in good order. */
int model_frames_end(struct model_frames *f, struct err *err);

#endif
