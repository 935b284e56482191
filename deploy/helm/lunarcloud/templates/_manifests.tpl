{{/* What submitted jobs are made of. Names, labels of the job, owner and command are filled in by lunarcloud. */}}

{{- define "lunarcloud.job" -}}
apiVersion: batch/v1
kind: Job
metadata:
  labels:
    {{- include "lunarcloud.podLabels" (list . "runner" .Values.runner.labels) | nindent 4 }}
spec:
  backoffLimit: 6
  podReplacementPolicy: Failed
  ttlSecondsAfterFinished: 604800
  activeDeadlineSeconds: {{ .Values.runner.activeDeadlineSeconds | int64 }}
  podFailurePolicy:
    rules:
      # Bad input stays bad: not tried again.
      - action: FailJob
        onExitCodes: {containerName: runner, operator: In, values: [2]}
      # Eviction, preemption, a lost spot machine: tried again, and not counted.
      - action: Ignore
        onPodConditions:
          - {type: DisruptionTarget, status: "True"}
  template:
    metadata:
      labels:
        {{- include "lunarcloud.podLabels" (list . "runner" .Values.runner.labels) | nindent 8 }}
      {{- with .Values.runner.annotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ .Release.Name }}-runner
      {{- include "lunarcloud.podSecurity" . | nindent 6 }}
      containers:
        - name: runner
          {{- include "lunarcloud.container" (list . (dict) (dict)) | nindent 10 }}
          resources:
            {{- toYaml .Values.runner.resources | nindent 12 }}
          {{- if .Values.metrics.enabled }}
          ports:
            - {name: metrics, containerPort: {{ .Values.metrics.port }}}
          {{- end }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            - {name: templates, mountPath: /etc/lunarcloud, readOnly: true}
      volumes:
        - {name: tmp, emptyDir: {}}
        - {name: templates, configMap: {name: {{ .Release.Name }}-templates}}
      {{- with .Values.runner.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.runner.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}

{{/* (list context pool) */}}
{{- define "lunarcloud.worker" -}}
{{- $context := index . 0 -}}
{{- $pool := index . 1 -}}
apiVersion: v1
kind: Pod
metadata:
  labels:
    {{- include "lunarcloud.podLabels" (list $context "worker" ($pool.labels | default dict)) | nindent 4 }}
  annotations:
    # A worker that computes is not moved to save a node; idle ones end by themselves.
    cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
    karpenter.sh/do-not-disrupt: "true"
    {{- with $pool.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 120
  serviceAccountName: {{ $context.Release.Name }}-worker
  automountServiceAccountToken: false
  {{- include "lunarcloud.podSecurity" $context | nindent 2 }}
  containers:
    - name: worker
      {{- include "lunarcloud.container" (list $context ($pool.image | default dict) ($pool.env | default dict)) | nindent 6 }}
      resources:
        {{- toYaml $pool.resources | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
  volumes:
    - {name: tmp, emptyDir: {}}
  {{- with $pool.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $pool.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Who reprocesses: (list context component restartPolicy arguments) */}}
{{- define "lunarcloud.reprocess" -}}
{{- $context := index . 0 -}}
{{- $reprocess := $context.Values.reprocess -}}
metadata:
  labels:
    {{- include "lunarcloud.podLabels" (list $context (index . 1) (dict)) | nindent 4 }}
spec:
  restartPolicy: {{ index . 2 }}
  serviceAccountName: {{ $context.Release.Name }}-reprocess
  {{- include "lunarcloud.podSecurity" $context | nindent 2 }}
  containers:
    - name: reprocess
      {{- include "lunarcloud.container" (list $context (dict) (dict "LUNARCLOUD_SETTLE_S" $reprocess.settleSeconds "LUNARCLOUD_WEBHOOKS" ($reprocess.webhooks | toJson)) "LUNARCLOUD_WEBHOOK_SECRET" $reprocess.webhookSecret) | nindent 6 }}
      args:
        {{- toYaml (concat (list "reprocess" "--root" (required "reprocess needs root, s3://bucket/prefix" $context.Values.root) "--on" "kubernetes" "--pool" $reprocess.pool "--tolerance" ($reprocess.tolerance | toString)) (index . 3)) | nindent 8 }}
      resources:
        {{- toYaml $reprocess.resources | nindent 8 }}
      {{- if index . 3 }}
      ports:
        - {name: http, containerPort: {{ $reprocess.listen.port }}}
      readinessProbe:
        httpGet: {path: /healthz, port: http}
      {{- end }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
  volumes:
    - {name: tmp, emptyDir: {}}
{{- end }}
