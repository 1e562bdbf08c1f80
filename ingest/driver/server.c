/* One server, one connection, and what was wrong with it first. */
#include "ingest/driver/server.h"

#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/http/bearer.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "base/version.h"

int server_open(struct server *s, struct intake *run, const char *url, struct err *err) {
    const char *token = intake_options(run)->token_file;
    memset(s, 0, sizeof(*s));
    s->run = run;
    int rc = http_open("ledger/" LEDGER_VERSION, &s->http, err);
    if (rc == 0) rc = http_base(s->http, url, s->base, err);
    if (rc == 0 && token != NULL) rc = bearer_read(token, &s->token, &s->token_n, err);
    return rc;
}

void server_close(struct server *s) {
    http_close(s->http);
    crypt_secret_free(s->token);
    s->http = NULL;
    s->token = NULL;
}

void server_fault(struct server *s, const char *path, const char *error, unsigned http_status, const char *words) {
    if (s->error[0] == '\0') {
        snprintf(s->error, sizeof(s->error), "%s", error);
        snprintf(s->detail, sizeof(s->detail), "%s: %.400s", path, words);
        s->detail[text_utf8_valid((const uint8_t *)s->detail, strlen(s->detail))] = '\0'; /* it may be cut */
        s->http_status = http_status;
    }
}

int server_fail(const struct server *s, struct err *err) {
    return err_set(err, ERR_NET, "%s: %s: %s", s->base, s->error, SECRET_SHOWN(bytes_of(s->detail)));
}

int server_ask(struct server *s, const struct server_question *q, struct buf *text, bool *ret_there, struct err *err) {
    char url[HTTP_URL_MAX + 64];
    struct http_answer answer;
    struct err why = {0};
    uint32_t patience = intake_options(s->run)->patience_ms;
    snprintf(url, sizeof(url), "%s%s", s->base, q->path);
    buf_clear(text);
    const struct http_request request = {
        .url = url,
        .content_type = q->body.n > 0 ? "application/json" : NULL,
        .body = q->body,
        .limits = {.bytes_max = q->bytes_max, .total_ms = patience > 0 ? patience : q->total_ms},
        .stop = intake_options(s->run)->stop,
        .bearer = {s->token, s->token_n},
        .to = text,
    };
    int rc = http_fetch(s->http, &request, &answer, &why);
    lines_digest_put(intake_digest(s->run), bytes_of_buf(text));
    *ret_there = rc == 0;
    s->newest_status = rc == 0 ? answer.status : 0;
    if (rc == ERR_NET && answer.fault != HTTP_STOPPED && !q->quiet) {
        server_fault(s, q->path, http_fault_name(answer.fault), answer.status, why.msg);
    }
    return rc == 0 || rc == ERR_NET ? 0 : err_set(err, rc, "%s: %s", s->base, why.msg);
}
