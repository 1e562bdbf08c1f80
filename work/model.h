/* One call of a model: Ollama (/api/chat, /api/generate, /api/embed) or a server that speaks OpenAI's protocol
 * (/v1/chat/completions, /v1/embeddings: llama.cpp, vLLM, LM Studio and others).
 *
 *   work_model_open      once per endpoint: reads the key, contacts nobody
 *   work_model_place     resolves the name, and says whether that is this box
 *   work_model_identify  which model is there: digests, family, context
 *   work_model_call      once per step: asks, streams, repeats where that is safe, says how it ended
 *   work_model_close
 *
 * Nothing here decides whether a model may be called, or which. Nothing here records either; the result says all there is to
 * record. Numbers are the server's own: what it does not state is WORK_UNKNOWN.
 *
 * A key is read from a file, kept in locked memory, and sent as a bearer token by https, or by http to this box. It is in no
 * argument, message or result: where a server repeats it, it is masked. Nothing comes from the environment. */
#ifndef WORK_MODEL_H
#define WORK_MODEL_H

#include "work/endpoint.h"

#define WORK_MODEL_NAME_MAX 256
#define WORK_DIGEST_TEXT    72 /* "sha256:" and 64 hex digits */
#define WORK_PATH_MAX       1024
#define WORK_TOOLS_MAX      128
#define WORK_ATTEMPTS_MAX   16

/* ---- an endpoint ---- */

enum work_protocol { WORK_OLLAMA, WORK_OPENAI };

struct work_endpoint {
    enum work_protocol protocol;
    const char *url;      /* http or https, no user part, query or fragment; "/v1" at its end is fine */
    const char *key_file; /* regular, of mode 0600 (or 0400) and owned by this process's user; NULL: no key */
    bool off_box;         /* calls may leave this box */
    /* Connections are kept between calls. A request on one that turns out to be dead is sent once more, on a new one, so a
     * server can get it twice: for calls that may be repeated. */
    bool keep;
};
struct work_model; /* one thread at a time */

/* ERR_INVALID: the URL, or the key file's mode, owner or content. ERR_NOTFOUND: there is no such file. ERR_IO: libcurl is
 * missing. */
int work_model_open(const struct work_endpoint *endpoint, struct work_model **ret, struct err *err);
void work_model_close(struct work_model *model); /* NULL is fine */
/* Resolves at the first call and keeps the result. ERR_NET: the name leads nowhere, or `stop`, or no answer within 10 s.
 * ERR_INVALID: there is a key, and it would be sent in the clear. `stop` may be NULL. */
int work_model_place(struct work_model *model, const struct work_stop *stop, struct work_place *ret, struct err *err);

/* ---- a model ---- */

/* As the server states it; "" and WORK_UNKNOWN where it does not. */
struct work_identity {
    enum work_call_end end;
    unsigned status; /* HTTP, of the newest answer; 0: none came */
    char why[WORK_WHY_MAX];
    char name[WORK_MODEL_NAME_MAX];
    char manifest[WORK_DIGEST_TEXT]; /* Ollama: digest of the manifest that the name leads to */
    char weights[WORK_DIGEST_TEXT];  /* Ollama: of the file of weights that its Modelfile names */
    char family[64];
    char path[WORK_PATH_MAX]; /* llama.cpp on this box: the file that it says it serves; that it does so nobody checks */
    uint64_t context;         /* tokens that the model was trained for or is served with */
    bool loaded;              /* Ollama: it is in memory, and `manifest` is that of the one in memory */
    bool remote; /* Ollama: another host computes the answers. Where nothing may leave this box, ask before a call */
};

/* At most three small requests. 0 also where it failed: `end` and `why` say how; ERR_INVALID, ERR_NOMEM, ERR_IO else.
 * `timeout_ms` is of all together, 0: 10 s. `stop` may be NULL. */
int work_model_identify(struct work_model *model, const char *name, uint32_t timeout_ms, const struct work_stop *stop,
                        struct work_identity *ret, struct err *err);

/* ---- a call ---- */

enum work_operation { WORK_CHAT, WORK_GENERATE, WORK_EMBED };
const char *work_operation_name(enum work_operation operation); /* "chat", "generate", "embed" */

struct work_message {
    const char *role; /* system, user, assistant, tool */
    struct bytes text;
};

/* 0 selects the default. */
struct work_model_limit {
    uint32_t connect_ms;     /* 3 s */
    uint32_t first_ms;       /* to the first token of a stream, loading the model included; 2 min */
    uint32_t idle_ms;        /* between tokens of a stream, whatever else arrives; 1 min */
    uint32_t total_ms;       /* of the call with its repetitions and pauses; 10 min */
    uint32_t text_bytes;     /* of text, reasoning and tool calls together, or of embeddings; 4 MiB */
    uint32_t frame_bytes;    /* of one line or event of a stream; 1 MiB */
    uint64_t received_bytes; /* of one answer; 64 MiB. An answer in one piece is limited by 16 MiB as well */
};

/* A call is repeated after a failed connection, status 429 and status 503, none of which has begun an answer, and after
 * nothing else. The pause is uniform between 0 and base_ms * 2^n, at most cap_ms (full jitter); after Retry-After it is that
 * and a jitter of up to base_ms. A pause that does not fit into the deadline is not begun. 0 selects the default. */
struct work_retry {
    unsigned attempts; /* all together; 4, at most WORK_ATTEMPTS_MAX */
    uint32_t base_ms;  /* 250 ms */
    uint32_t cap_ms;   /* 8 s */
    uint32_t after_ms; /* the longest Retry-After that is waited for; 60 s */
    bool seeded;       /* pauses follow from the seed */
    uint64_t seed;
};

/* What is left to spend; WORK_UNKNOWN: without limit. The prompt's tokens are known only afterwards, so a call can exceed
 * it by them; its answer cannot, as far as the server heeds the maximum that it is given. */
struct work_budget {
    uint64_t tokens;           /* prompt and answer together */
    uint64_t cost;             /* millionths of a unit of currency */
    uint64_t prompt_price;     /* the same, for a million tokens */
    uint64_t completion_price; /* the same */
};

/* A part of the answer's text as it arrives, not masked. A failure stops the call. */
typedef int work_piece_fn(void *ctx, struct bytes text, struct err *err);

struct work_model_request {
    enum work_operation operation; /* WORK_GENERATE: Ollama alone */
    const char *model;
    /* WORK_GENERATE: one of user, perhaps one of system before. WORK_EMBED: the texts; roles do not matter. */
    const struct work_message *messages;
    size_t messages_n;
    struct bytes options; /* a JSON object: temperature, seed, ... (Ollama: its "options"); may be empty */
    struct bytes members; /* a JSON object: tools, format, response_format, think, keep_alive, ...; may be empty */
    uint64_t max_tokens;  /* of the answer; 0: as the server likes */
    bool whole;           /* in one piece; embeddings always are */
    bool identify;        /* ask afterwards which model that was, for up to 10 s more */
    struct work_model_limit limit;
    struct work_retry retry;
    const struct work_budget *budget; /* NULL: none */
    struct work_stop stop;
    work_piece_fn *piece; /* may be NULL */
    void *piece_ctx;
};

/* Who counted the tokens. */
enum work_tokens {
    WORK_TOKENS_UNKNOWN,
    WORK_TOKENS_USAGE,      /* OpenAI's usage */
    WORK_TOKENS_EVAL_COUNT, /* Ollama's prompt_eval_count and eval_count */
    WORK_TOKENS_TIMINGS     /* llama.cpp's timings, where there is no usage */
};
const char *work_tokens_name(enum work_tokens tokens); /* "unknown", "usage", "eval_count", "timings" */

struct work_tool_call {
    char id[128]; /* "": it has none */
    char name[128];
    struct buf arguments; /* JSON; of OpenAI's protocol as the model wrote it, which may be anything */
};

struct work_attempt {
    enum work_call_end end;
    unsigned status;   /* 0: no answer */
    uint64_t pause_ms; /* before the next one; 0 in the last */
};

struct work_model_result {
    enum work_call_end end;
    unsigned status;        /* HTTP; 0: no answer */
    bool sent;              /* a part of the last request at least */
    unsigned retry_after_s; /* Retry-After of the last answer; 0: it has none */
    char why[WORK_WHY_MAX]; /* URL, what happened, what is expected; "" when it is ok */
    /* the answer; partial unless it is ok */
    struct buf text, reasoning;
    struct work_tool_call *tools;
    size_t tools_n, tools_cap;
    float *vectors; /* vectors_n of `dimensions` numbers each, in the order of the messages */
    size_t vectors_n, dimensions;
    char finish[32]; /* the server's word: stop, length, tool_calls, load, ...; "": none */
    /* who answered */
    char served[WORK_MODEL_NAME_MAX];     /* the model that the answer names */
    char served_too[WORK_MODEL_NAME_MAX]; /* another that a line of it names; a byte 0 is '?' */
    char fingerprint[64];                 /* OpenAI's system_fingerprint */
    char remote_host[WORK_HOST_MAX];      /* Ollama: of the host that computed it; "": it says nothing of one */
    char address[WORK_ADDRESS_TEXT];      /* that the answer came from */
    bool loopback;
    struct work_identity identity; /* with `identify`, after an answer that is ok */
    /* what it used */
    enum work_tokens tokens_from;
    uint64_t prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens;
    uint64_t cost;       /* millionths, rounded up; WORK_UNKNOWN without prices or counts */
    bool over_budget;    /* more was used than was left; false too where that is unknown */
    uint64_t max_tokens; /* that the server was given; 0: none */
    /* how long it took; of the last attempt, but total_ns */
    uint64_t first_ns;                        /* to the first token; WORK_UNKNOWN: not streamed, or none */
    uint64_t answer_ns, total_ns;             /* total_ns: all attempts and pauses */
    uint64_t load_ns, prompt_ns, generate_ns; /* of loading, reading and writing, as the server states them */
    uint64_t received;                        /* bytes */
    struct work_attempt attempts[WORK_ATTEMPTS_MAX];
    size_t attempts_n;
};

/* Blocks. 0 also where the call failed: the result says how. ERR_INVALID: the request is wrong, ERR_NOMEM, ERR_IO. `result`
 * is filled in every case; pass it to work_model_result_done. */
int work_model_call(struct work_model *model, const struct work_model_request *request, struct work_model_result *result,
                    struct err *err);
void work_model_result_done(struct work_model_result *result);

#endif
