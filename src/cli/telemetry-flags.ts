import { jsonObject } from './controller-flags.ts';
import { boolean, type Flags, folder, type ValueKind } from './flags.ts';

/**
 * An HTTP URL. It must not have a user and a password, because they would be visible wherever the arguments of a
 * process are.
 */
const httpUrl: ValueKind<string> = {
  placeholder: 'URL',
  expected: 'an http or https URL without user and password',
  read: (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
    return isHttp && url.username === '' && url.password === '' ? text : undefined;
  },
};

const attributes: ValueKind<Readonly<Record<string, string>>> = {
  ...jsonObject,
  expected: 'a JSON object of texts',
  read: (text) => {
    const object = jsonObject.read(text);
    const isTexts = object !== undefined && Object.values(object).every((value) => typeof value === 'string');
    return isTexts ? (object as Readonly<Record<string, string>>) : undefined;
  },
};

/** Where runs are reported, in addition to their status. Without an address, nothing is reported. */
export const telemetryFlags = {
  otlpEndpoint: {
    flag: 'otlp-endpoint',
    kind: httpUrl,
    help: 'where to send traces of finished runs: the URL of an OTLP/HTTP receiver without v1/traces',
  },
  otlpHeadersDir: {
    flag: 'otlp-headers-dir',
    kind: folder,
    help: 'a folder with one file for each header of these requests, named after the header',
  },
  otlpCaDir: {
    flag: 'otlp-ca-dir',
    kind: folder,
    help: 'a folder with ca.crt, the authorities of that receiver',
  },
  otlpResourceAttributes: {
    flag: 'otlp-resource-attributes',
    kind: attributes,
    help: 'resource attributes of all spans, such as {"k8s.cluster.name":"prod"}',
    fallback: '{}',
  },
  passesTraceparent: {
    flag: 'pass-traceparent',
    kind: boolean,
    help: 'whether the children of steps get the parameter traceparent',
    fallback: 'false',
  },
  cloudEventsUrl: {
    flag: 'cloud-events-url',
    kind: httpUrl,
    help: 'where to send CloudEvents of runs that start, wait for a person, and end',
  },
  cloudEventsHeadersDir: {
    flag: 'cloud-events-headers-dir',
    kind: folder,
    help: 'a folder with one file for each header of these requests, named after the header',
  },
  cloudEventsCaDir: {
    flag: 'cloud-events-ca-dir',
    kind: folder,
    help: 'a folder with ca.crt, the authorities of that receiver',
  },
} as const satisfies Flags;
