/* The source bom: bills of materials that name models, CycloneDX and SPDX 3.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with bom.h, which draws both documents.
 *
 *   bom        files, and their drafts
 *   index      what a document refers to by an id
 *   cyclonedx  models among the components of a CycloneDX document
 *   spdx       AI packages in the graph of an SPDX document
 *   event      the body of the event
 *
 * Words. A "model" is a component of type machine-learning-model, or an AI package. All that a document says is a claim. */
#ifndef INGEST_BOM_ROOM_H
#define INGEST_BOM_ROOM_H

#endif
