{{/* What several templates share. */}}

{{- define "lunarcloud.selector" -}}
app.kubernetes.io/name: lunarcloud
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "lunarcloud.labels" -}}
{{ include "lunarcloud.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of a pod that this chart does not make itself: (list context component more) */}}
{{- define "lunarcloud.podLabels" -}}
{{- $context := index . 0 -}}
{{- $fixed := dict "app.kubernetes.io/name" "lunarcloud" "app.kubernetes.io/instance" $context.Release.Name "app.kubernetes.io/component" (index . 1) -}}
{{ toYaml (mustMergeOverwrite (dict) $context.Values.labels (index . 2) $fixed) }}
{{- end }}

{{/* An image by digest, or by tag: (list context image) */}}
{{- define "lunarcloud.image" -}}
{{- $context := index . 0 -}}
{{- $image := mustMergeOverwrite (dict) $context.Values.image (index . 1) -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default $context.Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* What "restricted" of the Pod Security Standards asks of a pod. */}}
{{- define "lunarcloud.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* And of its container. */}}
{{- define "lunarcloud.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Image and variables of every container: (list context image env), and variable and secret of one that is secret. */}}
{{- define "lunarcloud.container" -}}
{{- $context := index . 0 -}}
image: {{ include "lunarcloud.image" (list $context (index . 1)) | quote }}
imagePullPolicy: {{ $context.Values.image.pullPolicy }}
{{ include "lunarcloud.containerSecurity" $context }}
env:
  - {name: LUNARCLOUD_LOG, value: json}
  - {name: LUNARCLOUD_RELEASE, value: {{ $context.Release.Name | quote }}}
  - name: LUNARCLOUD_NAMESPACE
    valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
  - name: LUNARCLOUD_POD_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  - name: LUNARCLOUD_POD_UID
    valueFrom: {fieldRef: {fieldPath: metadata.uid}}
  # Of a runner, the Job that made it; empty in others.
  - name: LUNARCLOUD_JOB_UID
    valueFrom: {fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']"}}
  - name: LUNARCLOUD_POD_IP
    valueFrom: {fieldRef: {fieldPath: status.podIP}}
{{- with $context.Values.s3.endpoint }}
  - {name: AWS_ENDPOINT_URL, value: {{ . | quote }}}
{{- end }}
{{- with $context.Values.s3.region }}
  - {name: AWS_REGION, value: {{ . | quote }}}
  - {name: AWS_DEFAULT_REGION, value: {{ . | quote }}}
{{- end }}
{{- range $name, $value := mustMergeOverwrite (dict) $context.Values.env (index . 2) }}
  - {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- if gt (len .) 3 }}
{{- with index . 4 }}
  - name: {{ index $ 3 }}
    valueFrom: {secretKeyRef: {name: {{ . | quote }}, key: {{ index $ 3 }}}}
{{- end }}
{{- end }}
{{- with $context.Values.s3.existingSecret }}
envFrom:
  - secretRef: {name: {{ . | quote }}}
{{- end }}
{{- end }}

{{/* Blocks of addresses, without those where clouds hand out their machines' credentials. */}}
{{- define "lunarcloud.blocks" -}}
{{- range . }}
- ipBlock:
    cidr: {{ . | quote }}
    {{- if eq . "0.0.0.0/0" }}
    except: [169.254.0.0/16]
    {{- else if eq . "::/0" }}
    except: ["fe80::/10", "fd00:ec2::/32"]
    {{- end }}
{{- end }}
{{- end }}
