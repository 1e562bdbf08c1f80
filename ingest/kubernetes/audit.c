/* One audit event:
 *
 *   {kind: "Event", auditID, stage, verb, requestURI, user {username, groups}, impersonatedUser?, sourceIPs[], userAgent,
 *    objectRef {resource, subresource, namespace, name}, responseStatus {code}, requestObject?, responseObject?,
 *    requestReceivedTimestamp, stageTimestamp, annotations {"authorization.k8s.io/decision": "allow" | "forbid", ...reason}}
 *
 * The client chooses its path and so what objectRef says, its user agent, and even the audit id. So open fields have only short
 * words of few characters; the rest is private. Answers are not kept, nor are requests that hold secrets by their kind. */
#include <stdio.h>
#include <string.h>

#include "base/answer/member.h"
#include "base/text.h"
#include "ingest/kubernetes/kubernetes.h"

#define TEXT_MAX    ((size_t)4096)
#define REQUEST_MAX ((size_t)64 << 10)
#define ID_MAX      128

/* A name as Kubernetes allows it for kinds and namespaces; anything else is left out. */
static void put_word(char ret[KUBERNETES_WORD], struct bytes text) {
    ret[0] = '\0';
    if (text.n >= KUBERNETES_WORD) return;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || (c >= 'A' && c <= 'Z');
        if (!fine) return;
    }
    bytes_copy(ret, text);
    ret[text.n] = '\0';
}

static const char *decision_of(struct bytes raw, uint64_t http_status) {
    struct bytes word = member_text(member_map(raw, "annotations"), "authorization.k8s.io/decision");
    if (bytes_is(word, "allow")) return "allow";
    if (bytes_is(word, "forbid")) return "deny";
    return http_status == 401 || http_status == 403 ? "deny" : "unknown";
}

static bool is_one_of(const char *word, const char *const *words) {
    while (*words != NULL && strcmp(*words, word) != 0) {
        words++;
    }
    return *words != NULL;
}

/* Reading is recorded where it reaches into a container, or is of secrets; so is what was refused. */
static bool only_reads(const struct kubernetes_event *e, struct bytes ref) {
    static const char *const reading[] = {"get", "list", "watch", "head", "options", NULL};
    static const char *const reaching[] = {"exec", "attach", "portforward", "proxy", "log", NULL};
    char kind[KUBERNETES_WORD], part[KUBERNETES_WORD];
    put_word(kind, member_text(ref, "resource"));
    put_word(part, member_text(ref, "subresource"));
    return strcmp(e->decision, "deny") != 0 && is_one_of(e->verb, reading) && !is_one_of(part, reaching) &&
           strcmp(kind, "secrets") != 0;
}

/* What components of the cluster do by themselves, many times a minute. */
static bool is_heartbeat(const struct kubernetes_event *e) {
    static const char *const kinds[] = {"leases",      "events", "tokenreviews", "subjectaccessreviews", "nodes/status",
                                        "pods/status", NULL};
    static const char *const users[] = {
        "system:node:", "system:kube-", "system:k3s-", "system:apiserver", "system:serviceaccount:kube-system:", NULL};
    bool own = false;
    for (size_t i = 0; users[i] != NULL; i++) {
        own = own || bytes_has_prefix(e->user, users[i]);
    }
    return own && strcmp(e->decision, "deny") != 0 && is_one_of(e->resource, kinds);
}

static uint64_t time_of(struct bytes raw) {
    static const char *const names[] = {"requestReceivedTimestamp", "stageTimestamp", "timestamp"};
    uint64_t at = MEMBER_NONE;
    for (size_t i = 0; i < 3 && at == MEMBER_NONE; i++) {
        at = member_time(raw, names[i]);
    }
    return at;
}

static void put_resource(struct kubernetes_event *e, struct bytes ref) {
    char kind[KUBERNETES_WORD], part[KUBERNETES_WORD];
    put_word(kind, member_text(ref, "resource"));
    put_word(part, member_text(ref, "subresource"));
    bool both = kind[0] != '\0' && part[0] != '\0';
    (void)snprintf(e->resource, sizeof(e->resource), "%s%s%s", kind, both ? "/" : "", both ? part : "");
}

static const char *what_is_missing(struct bytes raw, const struct kubernetes_event *e) {
    struct bytes version = member_text(raw, "apiVersion");
    if (!bytes_is(member_text(raw, "kind"), "Event") || (version.n > 0 && !bytes_has_prefix(version, "audit.k8s.io/"))) {
        return "not an audit event of Kubernetes; expected: kind Event of audit.k8s.io";
    }
    if (e->audit.n == 0 || e->audit.n > ID_MAX || text_has_control(e->audit))
        return "'auditID' is not an id of 1 to 128 bytes";
    if (e->stage[0] == '\0') return "'stage' is not a word";
    if (e->verb[0] == '\0') return "'verb' is not a word";
    return e->at == MEMBER_NONE ? "none of 'requestReceivedTimestamp', 'stageTimestamp' and 'timestamp' is a time" : NULL;
}

int kubernetes_event_read(struct bytes raw, struct kubernetes_event *ret, struct err *err) {
    struct kubernetes_event e = {.http_status = member_number(member_map(raw, "responseStatus"), "code")};
    struct bytes ref = member_map(raw, "objectRef");
    e.http_status = e.http_status == MEMBER_NONE || e.http_status > 999 ? 0 : e.http_status;
    e.audit = member_text(raw, "auditID");
    e.user = member_text(member_map(raw, "user"), "username");
    e.at = time_of(raw);
    put_word(e.stage, member_text(raw, "stage"));
    put_word(e.verb, member_text(raw, "verb"));
    put_word(e.namespace_, member_text(ref, "namespace"));
    put_resource(&e, ref);
    e.decision = decision_of(raw, e.http_status);
    e.reads = only_reads(&e, ref) || is_heartbeat(&e);
    const char *wrong = what_is_missing(raw, &e);
    if (wrong != NULL) return err_set(err, ERR_INVALID, "%s", wrong);
    *ret = e;
    return 0;
}

/* ---- private fields ----------------------------------------------------------------------------------------------- */

static struct bytes cut(struct bytes text) {
    text.n = text.n < TEXT_MAX ? text.n : TEXT_MAX;
    text.n = text_utf8_valid(text.p, text.n);
    return text;
}

static void put_addresses(struct mp_map *f, struct bytes raw) {
    struct bytes list = member_words(raw, "sourceIPs");
    mp_map_raw(f, "addresses", list);
}

/* What the client sent, unless it is a secret by its kind; who it acted as; and its program. */
static void put_request(struct mp_map *f, struct bytes raw, const struct kubernetes_event *e) {
    static const char *const hidden[] = {"secrets", "tokenreviews", "serviceaccounts/token", "certificatesigningrequests",
                                         NULL};
    struct bytes as = member_map(raw, "impersonatedUser"), sent = member_map(raw, "requestObject");
    struct mp_map request;
    bool kept = sent.n > 0 && !is_one_of(e->resource, hidden);
    mp_map_init(&request, KUBERNETES_BODY_MAX);
    mp_map_text(&request, "agent", cut(member_text(raw, "userAgent")));
    mp_map_text(&request, "as", cut(member_text(as, "username")));
    if (kept) mp_map_bounded(&request, "object", sent, REQUEST_MAX);
    if (request.n > 0) {
        mp_map_begin(f, "request");
        mp_map_write(&request, &f->values, NULL);
        mp_map_end(f);
    }
    mp_map_done(&request);
}

void kubernetes_put_private(struct mp_map *f, struct bytes raw, const struct kubernetes_event *e) {
    mp_map_text(f, "user", cut(e->user));
    put_addresses(f, raw);
    mp_map_text(f, "name", cut(member_text(member_map(raw, "objectRef"), "name")));
    mp_map_text(f, "uri", cut(member_text(raw, "requestURI")));
    mp_map_text(f, "reason", cut(member_text(member_map(raw, "annotations"), "authorization.k8s.io/reason")));
    put_request(f, raw, e);
}
