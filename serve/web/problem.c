/* What is not a good answer is a problem document (RFC 9457): `type` is "about:blank", so `title` is the status's own phrase; `code` is a
 * word for programs, `request` the id that the answer's header X-Request-Id has too. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/obj.h"
#include "serve/web/site.h"

#define PROBLEM_TYPE "application/problem+json"

static const struct word {
    unsigned status;
    const char *title, *code;
} words[] = {{400, "Bad Request", "invalid"},
             {401, "Unauthorized", "no-token"},
             {403, "Forbidden", "not-allowed"},
             {404, "Not Found", "not-found"},
             {405, "Method Not Allowed", "method"},
             {408, "Request Timeout", "slow"},
             {409, "Conflict", "conflict"},
             {411, "Length Required", "length"},
             {412, "Precondition Failed", "condition"},
             {413, "Content Too Large", "too-large"},
             {414, "URI Too Long", "too-large"},
             {415, "Unsupported Media Type", "content-type"},
             {417, "Expectation Failed", "expectation"},
             {422, "Unprocessable Content", "refused"},
             {429, "Too Many Requests", "too-many"},
             {431, "Request Header Fields Too Large", "too-large"},
             {500, "Internal Server Error", "internal"},
             {503, "Service Unavailable", "busy"},
             {504, "Gateway Timeout", "late"},
             {505, "HTTP Version Not Supported", "version"}};

static const struct word *word_of(unsigned status) {
    static const struct word other = {0, "Error", "error"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].status == status) return &words[i];
    }
    return &other;
}

static void set_extra(struct web *w, struct httpd_reply *reply, const char *id, const char *more) {
    snprintf(w->extra, sizeof(w->extra), "%s%s%s%s", id[0] != '\0' ? "X-Request-Id: " : "", id, id[0] != '\0' ? "\r\n" : "",
             more);
    reply->extra = w->extra;
}

void web_json(struct web *w, struct httpd_reply *reply, const char *id) {
    reply->type = "application/json";
    set_extra(w, reply, id, "");
}

void web_problem(struct web *w, struct httpd_reply *reply, unsigned status, const char *id, const char *detail) {
    const struct word *word = word_of(status);
    struct obj doc = {0};
    obj_text(&doc, "type", "about:blank");
    obj_text(&doc, "title", word->title);
    obj_uint(&doc, "status", status);
    obj_text(&doc, "code", word->code);
    obj_str(&doc, "detail", bytes_of(detail));
    if (id[0] != '\0') obj_text(&doc, "request", id);
    buf_clear(&reply->body);
    (void)obj_json(&doc, JSON_LINE, &reply->body, NULL);
    obj_done(&doc);
    reply->status = status;
    reply->type = PROBLEM_TYPE;
    set_extra(w, reply, id, status == 401 ? "WWW-Authenticate: Bearer\r\n" : "");
}

unsigned web_status_of(int code) {
    switch (code) {
    case ERR_INVALID:
        return 400;
    case ERR_NOTFOUND:
        return 404;
    case ERR_CONFLICT:
        return 409;
    case ERR_LIMIT:
        return 413;
    case ERR_BUSY:
    case ERR_FULL:
        return 503;
    default:
        return 500;
    }
}

void web_fail(struct web *w, struct httpd_reply *reply, const char *id, int code, const char *message) {
    web_problem(w, reply, web_status_of(code), id, message);
}

/* Whether a list of entity tags has this one; weak ones compare as strong ones (RFC 9110, 13.1.2). */
static bool has_tag(struct bytes list, const char *tag) {
    struct bytes t = bytes_of(tag);
    if (bytes_is(list, "*")) return true;
    for (size_t i = 0; i + t.n <= list.n; i++) {
        bool begins = i == 0 || list.p[i - 1] == ' ' || list.p[i - 1] == ',' || list.p[i - 1] == '/';
        if (begins && memcmp(list.p + i, t.p, t.n) == 0) return true;
    }
    return false;
}

void web_tagged(struct web *w, const struct web_asked *asked, struct httpd_reply *reply, uint64_t size) {
    uint8_t digest[HASH_LEN];
    char tag[48], line[128];
    struct bytes body = bytes_of_buf(&reply->body);
    hash_parts(digest, &body, 1);
    snprintf(tag, sizeof(tag), "\"%llu-%016llx\"", (unsigned long long)size, (unsigned long long)be64_get(digest));
    snprintf(line, sizeof(line), "ETag: %s\r\nCache-Control: private, no-cache\r\n", tag);
    if (has_tag(bytes_of(asked->none_match), tag)) {
        reply->status = 304;
        buf_clear(&reply->body);
    }
    reply->type = "application/json";
    reply->keeps = true;
    set_extra(w, reply, asked->id, line);
}

struct bytes web_field(const struct httpd_request *request, const char *name) {
    for (size_t i = 0; i < request->head->n; i++) {
        if (httpd_is_word(request->head->headers[i].name, name)) return httpd_trimmed(request->head->headers[i].value);
    }
    return (struct bytes){0};
}

void web_tagged_now(struct web *w, const struct web_call *call, struct httpd_reply *reply, uint64_t size) {
    struct web_asked asked;
    web_keep(call, &asked);
    web_tagged(w, &asked, reply, size);
}

void web_keep(const struct web_call *call, struct web_asked *ret) {
    struct bytes none_match = web_field(call->request, "if-none-match");
    ret->exchange = call->request->exchange;
    memcpy(ret->id, call->id, sizeof(ret->id));
    memcpy(ret->holder, call->holder, sizeof(ret->holder));
    snprintf(ret->none_match, sizeof(ret->none_match), "%.*s", (int)none_match.n, (const char *)none_match.p);
}
