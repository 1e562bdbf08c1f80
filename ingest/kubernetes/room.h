/* The source kubernetes: the audit log of a cluster's API server (k3s and others): who asked it for what, and what it decided.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with kubernetes.h.
 *
 *   kubernetes  the source: lines, or one document
 *   audit       one audit event: what is recorded of it
 *
 * Words. An "audit event" is one stage of one request. What its client may choose (path, name, user agent, its audit id) is
 * private, or only believed together with what the server adds. */
#ifndef INGEST_KUBERNETES_ROOM_H
#define INGEST_KUBERNETES_ROOM_H

#endif
