// Exports spans, log records and metrics with the OpenTelemetry SDK for JavaScript in its default settings, HTTP with Protocol
// Buffers: all it is told is where to send, by OTEL_EXPORTER_OTLP_ENDPOINT. Prints what it exported, as emit.mjs does.
//
//   OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 node defaults.mjs TRACES
import { metrics, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { NodeSDK } from '@opentelemetry/sdk-node';

const traces = Number(process.argv[2]);
const sdk = new NodeSDK({ serviceName: 'sdk-defaults' });
sdk.start();
const say = object => process.stdout.write(`${JSON.stringify(object)}\n`);

const tracer = trace.getTracer('defaults', '0.1.0'), logger = logs.getLogger('defaults'), meter = metrics.getMeter('defaults');
const duration = meter.createHistogram('gen_ai.client.operation.duration', { unit: 's' });
const tokens = meter.createCounter('claude_code.token.usage', { unit: 'tokens' });
const other = meter.createCounter('http.client.requests');
for (let i = 0; i < traces; i++) {
    const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'qwen2.5:7b', 'gen_ai.usage.input_tokens': 100 + i, 'half': '🦜'.slice(0, 1) };
    tracer.startActiveSpan('chat qwen2.5:7b', { attributes }, span => {
        say({ trace: span.spanContext().traceId, span: span.spanContext().spanId });
        logger.emit({ severityNumber: 9, eventName: 'claude_code.tool_decision', body: 'decided',
            attributes: { 'session.id': 'session-2', 'tool_name': 'Bash', 'decision': 'accept', 'number': i } });
        duration.record(0.25, { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'qwen2.5:7b' });
        tokens.add(10, { type: 'output', model: 'qwen2.5:7b' });
        other.add(1);
        span.end();
    });
}
await sdk.shutdown();
