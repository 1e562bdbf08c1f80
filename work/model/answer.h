/* What the frames of an answer mean.
 *
 *   Ollama   {"model", "message": {"content", "thinking", "tool_calls"} or "response", "done": false} ...
 *            {..., "done": true, "done_reason", "prompt_eval_count", "eval_count", durations}; {"error": "..."} at any time
 *   OpenAI   {"model", "choices": [{"delta" or "message": {"content", "reasoning_content", "tool_calls"}, "finish_reason"}],
 *            "usage", "timings"} ..., then [DONE]; {"error": {...}} at any time
 *
 * Members that are not known are skipped; those that are known have their type or the answer is refused. */
#ifndef WORK_MODEL_ANSWER_H
#define WORK_MODEL_ANSWER_H

#include "work/model.h"

struct model_answer {
    enum work_protocol protocol;
    enum work_operation operation;
    bool stream;                      /* of several frames */
    size_t inputs;                    /* embeddings that are expected */
    size_t text_max;                  /* bytes of everything that is kept */
    struct work_model_result *result; /* where it goes; initialised by model_result_init */
    /* since the newest frame */
    struct bytes piece; /* its text, borrowed from the answer until the next frame */
    bool token;         /* it carries a part of the answer */
    bool error;         /* it is an error of the server: the caller finds its words in the frame */
    /* since the beginning */
    bool begun, done;
    struct buf mp;
};

void model_answer_init(struct model_answer *a, size_t frame_max);
void model_answer_done(struct model_answer *a);
/* 0; 1: the answer is complete; ERR_NET: the server reports an error (`error`); ERR_INVALID: not of the protocol;
 * ERR_LIMIT: too much of it; ERR_NOMEM. */
int model_answer_take(struct model_answer *a, struct bytes frame, bool error, struct err *err);

void model_result_init(struct work_model_result *result, size_t text_max);

#endif
