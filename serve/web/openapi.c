/* The description of the API, made of the tables that answer: paths of routes.def, parameters of serve/tools. */
#include <stdio.h>
#include <string.h>

#include "base/obj.h"
#include "serve/tools/tools.h"
#include "serve/web/site.h"

static void put_parameter(struct obj *list, const char *name, const char *in, const char *about, const char *type,
                          bool needed, bool repeats) {
    struct obj one = {0}, schema = {0}, items = {0};
    obj_text(&one, "name", name);
    obj_text(&one, "in", in);
    obj_text(&one, "description", about);
    obj_bool(&one, "required", needed);
    obj_text(repeats ? &items : &schema, "type", type);
    if (repeats) {
        obj_text(&schema, "type", "array");
        obj_obj(&schema, "items", &items);
    }
    obj_obj(&one, "schema", &schema);
    obj_obj(list, NULL, &one);
}

static bool is_in_path(const char *path, const char *name) {
    char braced[64];
    snprintf(braced, sizeof(braced), "{%s}", name);
    return strstr(path, braced) != NULL;
}

static bool is_argument(size_t tool, const char *name) {
    struct tools_argument a;
    size_t at = 0;
    while (tool != SIZE_MAX && tools_next_argument(tool, &at, &a)) {
        if (strcmp(a.name, name) == 0) return true;
    }
    return false;
}

/* The arguments of the tool, and the names in the path that are none of them. A path with a sequence number takes nothing else. */
static void put_parameters(const struct web_route *r, struct obj *operation) {
    struct obj list = {0};
    struct tools_argument a;
    size_t at = 0, tool = r->tool != NULL ? tools_find(r->tool) : SIZE_MAX;
    while (tool != SIZE_MAX && tools_next_argument(tool, &at, &a)) {
        bool in_path = is_in_path(r->path, a.name);
        if (in_path || !is_in_path(r->path, "seq")) {
            put_parameter(&list, a.name, in_path ? "path" : "query", a.about, a.type, in_path, a.repeats && !in_path);
        }
    }
    for (const char *brace = strchr(r->path, '{'); brace != NULL; brace = strchr(brace + 1, '{')) {
        char name[32];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(brace + 1, "}"), brace + 1);
        bool is_seq = strcmp(name, "seq") == 0;
        if (!is_argument(tool, name)) {
            put_parameter(&list, name, "path", is_seq ? "the event's sequence number" : "its name",
                          is_seq ? "integer" : "string", true, false);
        }
    }
    if (list.n > 0) {
        obj_list(operation, "parameters", &list);
    } else {
        obj_done(&list);
    }
}

static void put_request(struct obj *operation) {
    struct obj body = {0}, content = {0}, media = {0}, schema = {0};
    obj_text(&schema, "type", "object");
    obj_obj(&media, "schema", &schema);
    obj_obj(&content, "application/json", &media);
    obj_bool(&body, "required", true);
    obj_obj(&body, "content", &content);
    obj_obj(operation, "requestBody", &body);
}

static const char *type_of(const struct web_route *r) {
    return r->answer == web_answer_stream    ? "text/event-stream"
           : r->answer == web_answer_metrics ? "text/plain"
                                             : "application/json";
}

static void put_response(struct obj *responses, const char *status, const char *about, const char *type) {
    struct obj one = {0}, content = {0}, media = {0}, schema = {0};
    obj_text(&one, "description", about);
    if (type != NULL) {
        if (strcmp(type, "application/problem+json") == 0) {
            obj_text(&schema, "$ref", "#/components/schemas/Problem");
        }
        obj_obj(&media, "schema", &schema);
        obj_obj(&content, type, &media);
        obj_obj(&one, "content", &content);
    }
    obj_obj(responses, status, &one);
}

static void put_operation(const struct web_route *r, struct obj *path) {
    struct obj operation = {0}, responses = {0}, security = {0}, bearer = {0}, scopes = {0};
    char method[8] = "";
    for (size_t i = 0; r->method[i] != '\0' && i + 1 < sizeof(method); i++) {
        method[i] = (char)(r->method[i] | 0x20);
    }
    obj_text(&operation, "operationId", r->id);
    obj_text(&operation, "summary", r->about);
    put_parameters(r, &operation);
    bool posts = strcmp(r->method, "POST") == 0;
    if (posts) put_request(&operation);
    put_response(&responses, "200", posts ? "it was recorded before, under this key" : "the answer", type_of(r));
    if (posts) put_response(&responses, "201", "it is recorded, durably", type_of(r));
    if (r->tool != NULL || r->answer == web_answer_event || r->answer == web_answer_head) {
        put_response(&responses, "304", "the client has this answer (If-None-Match)", NULL);
    }
    put_response(&responses, "default", "a problem document (RFC 9457)", "application/problem+json");
    obj_obj(&operation, "responses", &responses);
    if (r->scope != ACCESS_NONE) {
        for (size_t i = 0; i < ACCESS_SCOPES; i++) {
            if ((r->scope & 1u << i) != 0) obj_text(&scopes, NULL, access_scope_name(i));
        }
        obj_list(&bearer, "bearer", &scopes);
        obj_obj(&security, NULL, &bearer);
    }
    obj_list(&operation, "security", &security);
    obj_obj(path, method, &operation);
}

static void put_problem(struct obj *schemas) {
    static const char *const texts[] = {"type", "title", "code", "detail", "request", NULL};
    struct obj problem = {0}, properties = {0};
    for (size_t i = 0; texts[i] != NULL; i++) {
        struct obj one = {0};
        obj_text(&one, "type", "string");
        obj_obj(&properties, texts[i], &one);
    }
    struct obj status = {0};
    obj_text(&status, "type", "integer");
    obj_obj(&properties, "status", &status);
    obj_text(&problem, "type", "object");
    obj_obj(&problem, "properties", &properties);
    obj_obj(schemas, "Problem", &problem);
}

int web_openapi(const char *version, struct buf *out, struct err *err) {
    struct obj doc = {0}, info = {0}, paths = {0}, components = {0}, schemes = {0}, bearer = {0}, schemas = {0};
    obj_text(&doc, "openapi", "3.1.0");
    obj_text(&info, "title", "ledger");
    obj_text(&info, "version", version);
    obj_text(&info, "description", "A ledger over HTTP. Answers are those of the commands of the same names with --json.");
    obj_obj(&doc, "info", &info);
    for (size_t i = 0; i < web_n_routes;) {
        struct obj path = {0};
        const char *name = web_routes[i].path;
        if (web_routes[i].id[0] == '\0') { /* a page's */
            i++;
            continue;
        }
        for (; i < web_n_routes && strcmp(web_routes[i].path, name) == 0; i++) {
            put_operation(&web_routes[i], &path);
        }
        obj_obj(&paths, name, &path);
    }
    obj_obj(&doc, "paths", &paths);
    obj_text(&bearer, "type", "http");
    obj_text(&bearer, "scheme", "bearer");
    obj_obj(&schemes, "bearer", &bearer);
    obj_obj(&components, "securitySchemes", &schemes);
    put_problem(&schemas);
    obj_obj(&components, "schemas", &schemas);
    obj_obj(&doc, "components", &components);
    int rc = obj_json(&doc, JSON_LINE, out, err);
    obj_done(&doc);
    return rc;
}

void web_answer_openapi(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    struct err err = {0};
    int rc = web_openapi(w->options->version, &reply->body, &err);
    if (rc == 0) {
        web_json(w, reply, call->id);
    } else {
        web_fail(w, reply, call->id, rc, err.msg);
    }
}
