/* What a model server's answer says, read frame by frame.
 *
 *   Ollama     {"model", "message": {...} or "response", "done": false} ... {"done": true, "done_reason", counts, durations}
 *   OpenAI     {"model", "choices": [{"delta" or "message" or "text", "finish_reason"}], "usage", "timings"} ..., [DONE]
 *   responses  {"type": "response.output_text.delta"} ... {"type": "response.completed", "response": {...}}
 *   LM Studio  {"type": "message.delta"} ... {"type": "chat.end", "result": {"stats": {...}}}
 *   llama.cpp  {"content", "stop": false} ... {"stop": true, "tokens_predicted", "tokens_evaluated", "timings"}
 *
 * Unlike the reader of our own calls (work/model/answer.h) it refuses nothing: what it does not understand it leaves out, because the
 * answer is its client's. What is not stated stays unknown. Errors may come in any frame, under status 200 too. */
#ifndef CAPTURE_PROXY_FACTS_H
#define CAPTURE_PROXY_FACTS_H

#include "base/bytes.h"

#define FACTS_NONE     UINT64_MAX
#define FACTS_NAME_MAX 200

struct facts {
    bool done;  /* the protocol's own end */
    bool token; /* the newest frame has a part of the answer */
    bool any;   /* a frame was understood */
    bool error;
    char served[FACTS_NAME_MAX], finish[64], error_kind[64], remote_host[FACTS_NAME_MAX];
    char words[512]; /* the error's own */
    uint64_t tokens_in, tokens_out, tokens_cached, tokens_reasoning;
    uint64_t total_ns, load_ns, prompt_ns, generate_ns;
    uint64_t tool_calls; /* how many the answer asks for */
    uint64_t tool_index; /* one past the highest of a stream's */
    struct buf text;     /* of the answer, as far as it is kept; max 0: not at all */
    struct buf mp;
};

void proxy_facts_init(struct facts *f, size_t frame_max, size_t text_max);
void proxy_facts_done(struct facts *f);
/* One frame: a line, an event's data, or a whole answer; `error`: the frame's event says that it is one. */
void proxy_facts_take(struct facts *f, struct bytes frame, bool error);
/* A model's name as it is recorded: short, and without the directories of a file. */
void proxy_facts_name(char *ret, size_t size, struct bytes name);

#endif
