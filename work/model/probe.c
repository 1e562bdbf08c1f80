/* One GET, and a path into its JSON. */
#include "work/probe.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "work/egress/grant.h"
#include "work/model/site.h"

#define TIMEOUT_MS 10000
#define BYTES_MAX  ((uint32_t)1 << 20)
#define VALUE_MAX  ((size_t)64 << 10)
#define PART_MAX   256

struct look {
    const struct work_probe *probe;
    struct work_probe_result *r;
    char shown[HTTP_URL_MAX]; /* the URL without its query */
    char url[HTTP_URL_MAX];
    struct work_model *site;
    struct buf text, mp;
};

/* The query may be a secret. */
static int split(struct look *l, struct err *err) {
    size_t n = strcspn(l->probe->url, "?");
    if (strlen(l->probe->url) >= sizeof(l->url) || strchr(l->probe->url, '#') != NULL) {
        return err_set(err, ERR_INVALID, "expected: a URL of at most %d bytes, without a fragment", HTTP_URL_MAX - 1);
    }
    snprintf(l->url, sizeof(l->url), "%s", l->probe->url);
    snprintf(l->shown, sizeof(l->shown), "%.*s", (int)n, l->probe->url);
    return 0;
}

__attribute__((format(printf, 3, 4))) static int conclude(struct look *l, enum work_call_end end, const char *fmt, ...) {
    char text[ERR_MSG_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    l->r->end = end;
    site_why(l->site, l->shown, text, l->r->why);
    return 0;
}

/* One step down: a name of an object, an index of a list. */
static bool step(struct bytes *at, const char *part) {
    struct mp_reader r;
    struct mp_item head;
    struct bytes raw;
    uint64_t index;
    mp_reader_init(&r, *at);
    if (mp_next(&r, &head, NULL) != 0) return false;
    if (head.type == MP_MAP) {
        if (mp_map_get(*at, part, &raw) != 0) return false;
        *at = raw;
        return true;
    }
    if (head.type != MP_ARRAY || text_parse_u64(bytes_of(part), &index) != 0 || index >= head.count) return false;
    for (uint64_t i = 0; i <= index; i++) {
        if (mp_skip(&r, 1, &raw, NULL) != 0) return false;
    }
    *at = raw;
    return true;
}

/* The member at the path; false: it is not there. */
static bool walk(struct bytes *at, const char *path) {
    char part[PART_MAX];
    for (;;) {
        size_t n = strcspn(path, ".");
        if (n == 0 || n >= sizeof(part)) return false;
        snprintf(part, sizeof(part), "%.*s", (int)n, path);
        if (!step(at, part)) return false;
        if (path[n] == '\0') return true;
        path += n + 1;
    }
}

static int judge_member(struct look *l, struct err *err) {
    const struct work_probe *p = l->probe;
    struct err why = {0};
    struct buf want, found;
    int rc = json_to_mp(bytes_of_buf(&l->text), &l->mp, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "out of memory");
    if (rc != 0) return conclude(l, WORK_CALL_BAD_ANSWER, "the answer is not JSON; expected: a member '%s'", p->member);
    struct bytes at = bytes_of_buf(&l->mp);
    if (p->to != NULL) {
        buf_clear(p->to);
        buf_put_bytes(p->to, at);
        if ((rc = buf_check(p->to, "an answer", err)) != 0) return rc;
    }
    if (!walk(&at, p->member)) return conclude(l, WORK_CALL_OK, "the answer has no member '%s'", p->member);
    buf_init(&want, VALUE_MAX);
    buf_init(&found, (size_t)BYTES_MAX * 8);
    if (p->value != NULL) rc = json_to_mp(bytes_of(p->value), &want, err);
    if (rc == 0) rc = json_from_mp(at, JSON_LINE, &found, err);
    if (rc == 0) {
        snprintf(l->r->found, sizeof(l->r->found), "%.*s", (int)(found.n < WORK_FOUND_MAX ? found.n : WORK_FOUND_MAX),
                 (const char *)found.p);
        l->r->found[text_utf8_valid((const uint8_t *)l->r->found, strlen(l->r->found))] = '\0';
        l->r->expected = p->value == NULL || bytes_eq(at, bytes_of_buf(&want));
    }
    if (rc == 0 && !l->r->expected) {
        conclude(l, WORK_CALL_OK, "member '%s' is %s; expected: %.200s", p->member, l->r->found, p->value);
    }
    buf_done(&want);
    buf_done(&found);
    return rc;
}

static int fetch(struct look *l, uint64_t until_ns, struct err *err) {
    const struct work_probe *p = l->probe;
    struct http_answer answer;
    struct err why = {0};
    enum work_call_end end;
    uint32_t left = site_left_ms(until_ns);
    struct http_request request = {.url = l->url,
                                   .limits = {.bytes_max = p->bytes_max != 0 ? p->bytes_max : BYTES_MAX,
                                              .total_ms = left > 0 ? left : 1,
                                              .slow_s = left / 1000 + 1},
                                   .to = &l->text};
    int rc = site_fetch(l->site, &request, &p->stop, &answer, &end, &why);
    l->r->status = answer.status;
    if (rc == ERR_NET) return conclude(l, end, "%s", why.msg);
    if (rc != 0) return err_set(err, rc, "%s: %s", l->shown, why.msg);
    bool good = p->status != 0 ? answer.status == p->status : answer.status >= 200 && answer.status <= 299;
    if (!good && p->status != 0) return conclude(l, WORK_CALL_OK, "status %u; expected: %u", answer.status, p->status);
    if (!good) return conclude(l, WORK_CALL_OK, "status %u; expected: 200 to 299", answer.status);
    if (p->body != NULL && !glob_match(bytes_of(p->body), bytes_of_buf(&l->text))) {
        return conclude(l, WORK_CALL_OK, "the body does not match '%.100s'", p->body);
    }
    l->r->expected = p->member == NULL;
    return p->member != NULL ? judge_member(l, err) : 0;
}

int work_probe_place(const char *url, struct work_place *ret, struct err *err) {
    const struct work_probe probe = {.url = url};
    struct look l = {.probe = &probe};
    int rc = split(&l, err);
    if (rc == 0) rc = work_model_open(&(struct work_endpoint){.url = l.shown}, &l.site, err);
    if (rc == 0) {
        *ret = l.site->place;
    }
    work_model_close(l.site);
    return rc;
}

/* By the rule of the proxy (work/egress/grant.h), for what the URL names. ERR_NET: it may not be asked. */
static int check_named(const struct work_place *place, struct err *err) {
    char name[WORK_HOST_MAX + 16];
    const char *const names[] = {name, NULL};
    struct egress_target target;
    (void)snprintf(name, sizeof(name), strchr(place->host, ':') != NULL ? "[%s]:%u" : "%s:%u", place->host, place->port);
    if (!egress_grant_target(bytes_of(name), 0, &target)) {
        return err_set(err, ERR_NET, "'%s' is neither a name nor an address, and nothing was sent", place->host);
    }
    for (size_t i = 0; i < place->addresses_n; i++) {
        struct egress_address address;
        bool read = egress_address_read(bytes_of(place->addresses[i]), &address);
        const char *fault = read ? egress_address_fault(&address) : "unknown";
        if (fault != NULL && (!read || !egress_grant_names(names, &target, &address))) {
            return err_set(err, ERR_NET,
                           "'%s' leads to a %s address (%s), and nothing was sent; expected: a URL that names it",
                           place->host, fault, place->addresses[i]);
        }
    }
    return 0;
}

int work_probe_run(const struct work_probe *probe, struct work_probe_result *result, struct err *err) {
    struct look l = {.probe = probe, .r = result};
    struct err why = {0};
    uint64_t start_ns = clock_monotonic_ns(),
             until_ns = start_ns + (probe->timeout_ms != 0 ? probe->timeout_ms : TIMEOUT_MS) * SITE_NS_PER_MS;
    *result = (struct work_probe_result){.end = WORK_CALL_OK};
    buf_init(&l.text, probe->bytes_max != 0 ? probe->bytes_max : BYTES_MAX);
    buf_init(&l.mp, l.text.max * 4);
    int rc = split(&l, err);
    if (rc == 0) rc = work_model_open(&(struct work_endpoint){.url = l.shown, .off_box = probe->off_box}, &l.site, err);
    if (rc == 0) {
        enum work_call_end end = WORK_CALL_OK;
        rc = site_ready(l.site, &probe->stop, until_ns, &end, &why);
        result->place = l.site->place;
        if (rc == 0 && probe->named && (rc = check_named(&result->place, &why)) != 0) {
            end = WORK_CALL_OFF_BOX;
        }
        if (rc == ERR_NET) {
            rc = conclude(&l, end, "%s", why.msg);
        } else if (rc == 0) {
            rc = fetch(&l, until_ns, err);
        }
    }
    result->elapsed_ns = clock_monotonic_ns() - start_ns;
    work_model_close(l.site);
    buf_done(&l.text);
    buf_done(&l.mp);
    return rc;
}
