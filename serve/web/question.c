/* Paths whose answer is that of a command: its arguments are the query's parameters and the path's names, by the table of serve/tools. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/rpc/message.h"
#include "serve/tools/tools.h"
#include "serve/web/site.h"

#define ARGUMENTS_MAX ((size_t)1 << 20)

/* The status of a command's error, by its code. */
static unsigned status_of_code(struct bytes code) {
    static const struct {
        const char *code;
        unsigned status;
    } known[] = {{"ERR_NOTFOUND", 404}, {"ERR_USAGE", 400}, {"ERR_INVALID", 400}, {"ERR_LIMIT", 413},
                 {"ERR_BUSY", 503},     {"ERR_FULL", 503},  {"ERR_CONFLICT", 409}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (bytes_is(code, known[i].code)) return known[i].status;
    }
    return 500;
}

/* The last line of what a command wrote to standard error: {"error": {"code": ..., "message": ...}}. */
static void put_complaint(struct web *w, const char *id, const struct web_said *said, struct httpd_reply *reply) {
    struct buf mp = {.max = GUEST_ERR_MAX * 2};
    struct mp_item code = {0}, message = {0};
    struct bytes line = guest_last_line(said->complaint);
    char detail[1024];
    bool good = json_to_mp(line, &mp, NULL) == 0;
    struct bytes error = good ? rpc_member(bytes_of_buf(&mp), "error") : (struct bytes){0};
    good = error.n > 0 && mp_scalar(rpc_member(error, "code"), &code) == 0 && code.type == MP_STR &&
           mp_scalar(rpc_member(error, "message"), &message) == 0 && message.type == MP_STR;
    if (good) {
        snprintf(detail, sizeof(detail), "%.*s", (int)message.data.n, (const char *)message.data.p);
        web_problem(w, reply, status_of_code(code.data), id, detail);
    } else {
        web_problem(w, reply, 500, id, "the command gave no answer");
    }
    buf_done(&mp);
}

static void question_done(struct web *w, struct web_wait *wait, const struct web_said *said, size_t n,
                          struct httpd_reply *reply) {
    (void)n;
    if (said->end == GUEST_LATE) {
        web_problem(w, reply, 504, wait->asked.id, "the answer took too long; ask for less");
    } else if (said->end == GUEST_LARGE) {
        web_problem(w, reply, 413, wait->asked.id, "the answer has more than 1 MiB; ask for less, or by pages");
    } else if (said->end == GUEST_DIED || said->out.n == 0) {
        put_complaint(w, wait->asked.id, said, reply);
    } else {
        buf_put_bytes(&reply->body, said->out);
        web_tagged(w, &wait->asked, reply, wait->size);
    }
}

static void question_free(struct web_wait *wait) {
    free(wait);
}

/* The names in braces of a route's path, and what stands there. */
static size_t path_texts(const struct web_call *call, struct tools_text *texts, char names[][32], size_t max) {
    const char *at = call->route->path;
    size_t segment = 0, n = 0;
    for (at = strchr(at, '/'); at != NULL && segment < call->target.n_segments; at = strchr(at + 1, '/'), segment++) {
        if (at[1] != '{' || n == max) continue;
        snprintf(names[n], 32, "%.*s", (int)strcspn(at + 2, "}"), at + 2);
        texts[n] = (struct tools_text){names[n], call->target.segments[segment]};
        n++;
    }
    return n;
}

int web_begin_words(const struct web *w, struct guest_words *ret, struct err *err) {
    int rc = guest_option(ret, "dir", bytes_of(w->options->dir), err);
    if (rc == 0) rc = guest_word(ret, "--json", err);
    return rc == 0 ? guest_word(ret, "--quiet", err) : rc;
}

static int command_of(const struct web *w, const struct web_call *call, struct guest_words *ret, struct err *err) {
    struct tools_text texts[HTTPD_PARAMS_MAX + HTTPD_SEGMENTS_MAX];
    char names[HTTPD_SEGMENTS_MAX][32];
    struct buf arguments = {.max = ARGUMENTS_MAX};
    size_t tool = tools_find(call->route->tool), n = path_texts(call, texts, names, HTTPD_SEGMENTS_MAX);
    for (size_t i = 0; i < call->target.n_params; i++) {
        const struct httpd_param *p = &call->target.params[i];
        texts[n++] = (struct tools_text){(const char *)p->name.p, p->value};
    }
    int rc = web_begin_words(w, ret, err);
    if (rc == 0) rc = tools_from_texts(tool, texts, n, &arguments, err);
    if (rc == 0) rc = tools_command(tool, bytes_of_buf(&arguments), ret, err);
    buf_done(&arguments);
    return rc;
}

void web_answer_question(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    struct guest_words words = {0};
    struct err err = {0};
    struct web_wait *wait = calloc(1, sizeof(*wait));
    int rc = wait == NULL ? err_set(&err, ERR_NOMEM, "out of memory") : command_of(w, call, &words, &err);
    if (rc == 0) {
        *wait = (struct web_wait){.done = question_done, .free = question_free};
        rc = web_ask(w, call, &words, 1, wait, &err);
    }
    if (rc == 0) {
        reply->when = HTTPD_LATER;
        return;
    }
    free(wait);
    guest_words_done(&words);
    web_fail(w, reply, call->id, rc, err.msg);
}
