/* Pages over HTTP: the way in by a code, the files beside pages, and pages themselves, whose parts are questions like others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/obj.h"
#include "serve/pages/page.h"
#include "serve/web/site.h"
#include "serve/web/site_page.h"

#define HTML "text/html; charset=utf-8"
#define CSP                                                                                                                \
    "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src "       \
    "'self'; "                                                                                                             \
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n"                                                      \
    "Referrer-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n"                                          \
    "Cross-Origin-Resource-Policy: same-origin\r\n"

static struct page_about about_of(const struct web *w) {
    return (struct page_about){.origin = w->options->origin, .version = w->options->version};
}

static void set_html(struct httpd_reply *reply) {
    reply->type = HTML;
    reply->extra = CSP;
}

bool page_is_path(struct bytes target) {
    return target.n > 0 && target.p[0] == '/' && !bytes_has_prefix(target, "/v1") &&
           !bytes_has_prefix(target, "/metrics") && !bytes_has_prefix(target, "/health");
}

void page_say_problem(struct web *w, struct httpd_reply *reply, unsigned status, const char *detail) {
    const struct page_about about = about_of(w);
    buf_clear(&reply->body);
    page_problem(&reply->body, &about, status, detail);
    reply->status = status;
    set_html(reply);
}

/* ---- the way in ---- */

static void show_code(struct web *w) {
    char code[SESSION_CODE];
    if (web_new_code(w, code)) {
        w->options->code(w->options->ctx, w->url, code);
    }
}

void page_to_login(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    (void)call;
    reply->status = 303;
    set_html(reply);
    snprintf(w->extra, sizeof(w->extra), "Location: /login\r\n");
    reply->extra = w->extra;
}

void web_answer_login(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    const struct page_about about = about_of(w);
    (void)call;
    show_code(w);
    page_login(&reply->body, &about, false);
    set_html(reply);
}

void web_answer_enter(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    const struct page_about about = about_of(w);
    char id[SESSION_ID];
    struct err err = {0};
    if (httpd_target_form(call->request->body, &call->target, &err) != 0) {
        page_say_problem(w, reply, 400, err.msg);
        return;
    }
    struct bytes code = httpd_target_param(&call->target, "code");
    if (web_field(call->request, "origin").n == 0 || !web_enter(w, code, id)) {
        web_note_refused(w, ACCESS_REFUSED_CODE, call->request->peer);
        page_login(&reply->body, &about, true);
        reply->status = 403;
        set_html(reply);
        return;
    }
    reply->status = 303;
    set_html(reply);
    snprintf(w->extra, sizeof(w->extra),
             "Location: /\r\nSet-Cookie: " SESSION_COOKIE "=%s; HttpOnly; SameSite=Strict; Path=/\r\n", id);
    reply->extra = w->extra;
}

/* ---- files ---- */

void web_answer_file(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    struct page_file file;
    if (!page_file_at(call->target.path, &file)) {
        web_problem(w, reply, 404, call->id, "there is nothing at this path");
        return;
    }
    buf_put_bytes(&reply->body, file.content);
    web_tagged_now(w, call, reply, 0);
    reply->type = file.type;
}

/* ---- pages ---- */

struct visit {
    struct web_wait wait; /* first */
    struct httpd_target target;
    struct page_plan plan; /* its words again, for what the page prints */
    bool as_json;
};

static void visit_free(struct web_wait *wait) {
    struct visit *visit = (struct visit *)wait;
    httpd_target_done(&visit->target);
    page_plan_done(&visit->plan);
    free(visit);
}

static bool has_answer(const struct web_said *said) {
    return said->end == GUEST_EXITED && said->out.n > 0;
}

static struct bytes complaint_of(const struct web_said *said) {
    return said->end == GUEST_LATE    ? bytes_of("the answer took too long; narrow it")
           : said->end == GUEST_LARGE ? bytes_of("the answer has more than 1 MiB; narrow it")
                                      : said->complaint;
}

/* The documents that the page is made of, each with its command. */
static void put_twin(const struct visit *visit, const struct web_said *said, size_t n, struct buf *out) {
    struct obj doc = {0}, list = {0};
    for (size_t i = 0; i < n; i++) {
        struct obj one = {0}, words = {0};
        struct buf mp = {.max = (size_t)8 << 20};
        for (size_t j = 0; j < visit->plan.asks[i].n; j++) {
            obj_str(&words, NULL, bytes_of(visit->plan.asks[i].word[j]));
        }
        obj_list(&one, "command", &words);
        obj_uint(&one, "exit", (uint64_t)said[i].exit_code);
        if (has_answer(&said[i]) && json_to_mp(said[i].out, &mp, NULL) == 0) {
            obj_raw(&one, "answer", bytes_of_buf(&mp));
        } else {
            obj_str(&one, "complaint", complaint_of(&said[i]));
        }
        obj_obj(&list, NULL, &one);
        buf_done(&mp);
    }
    obj_text(&doc, "schema", "ledger.page/1");
    obj_list(&doc, "parts", &list);
    (void)obj_json(&doc, JSON_LINE, out, NULL);
    obj_done(&doc);
}

static void visit_done(struct web *w, struct web_wait *wait, const struct web_said *said, size_t n,
                       struct httpd_reply *reply) {
    struct visit *visit = (struct visit *)wait;
    const struct page_about about = about_of(w);
    struct page_said parts[PAGE_ASKS] = {0};
    for (size_t i = 0; i < n; i++) {
        parts[i] = (struct page_said){has_answer(&said[i]), said[i].out, complaint_of(&said[i])};
    }
    if (visit->as_json) {
        put_twin(visit, said, n, &reply->body);
        web_json(w, reply, wait->asked.id);
        return;
    }
    page_render(&visit->target, &visit->plan, &about, parts, &reply->body);
    set_html(reply);
    if (reply->body.fail != 0) {
        page_say_problem(w, reply, 500, "the page is too large; narrow it");
    }
}

/* "/runs.json" is the twin of "/runs", and "/now.json" that of "/". */
static bool drop_json(const struct httpd_request *request, struct buf *ret) {
    struct bytes target = request->head->target;
    const uint8_t *query = bytes_find(target, '?');
    size_t n = query != NULL ? (size_t)(query - target.p) : target.n;
    bool is = n > 5 && memcmp(target.p + n - 5, ".json", 5) == 0;
    if (is && n == 9 && memcmp(target.p, "/now", 4) == 0) {
        buf_put_str(ret, "/");
    } else {
        buf_put(ret, target.p, is ? n - 5 : n);
    }
    buf_put(ret, target.p + n, target.n - n);
    return is;
}

static int begin_visit(struct web *w, struct web_call *call, struct visit *visit, struct err *err) {
    struct guest_words words[PAGE_ASKS] = {0};
    struct page_plan plan = {0};
    struct buf target = {.max = 16384};
    visit->as_json = drop_json(call->request, &target);
    int rc = httpd_target_split(bytes_of_buf(&target), &visit->target, err);
    if (rc == 0) rc = page_plan(&visit->target, &visit->plan, err);
    if (rc == 0) rc = page_plan(&visit->target, &plan, err);
    for (size_t i = 0; rc == 0 && i < plan.n; i++) {
        rc = web_begin_words(w, &words[i], err);
        for (size_t j = 0; rc == 0 && j < plan.asks[i].n; j++) {
            rc = guest_word(&words[i], plan.asks[i].word[j], err);
        }
    }
    visit->wait = (struct web_wait){.done = visit_done, .free = visit_free};
    if (rc == 0) rc = web_ask(w, call, words, plan.n, &visit->wait, err);
    for (size_t i = 0; i < PAGE_ASKS; i++) {
        guest_words_done(&words[i]);
    }
    page_plan_done(&plan);
    buf_done(&target);
    return rc;
}

void web_answer_page(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    struct err err = {0};
    struct visit *visit = calloc(1, sizeof(*visit));
    int rc = visit != NULL ? begin_visit(w, call, visit, &err) : err_set(&err, ERR_NOMEM, "out of memory");
    if (rc == 0) {
        reply->when = HTTPD_LATER;
        return;
    }
    if (visit != NULL && visit->as_json) {
        web_fail(w, reply, call->id, rc, err.msg);
    } else {
        page_say_problem(w, reply, web_status_of(rc), err.msg);
    }
    if (visit != NULL) visit_free(&visit->wait);
}
