<renderer-v2 type="RuleRenderer" symbollevels="0" forceraster="0" enableorderby="0" referencescale="-1">
<rules key="{kleinraum-root}">
{{rules}}</rules>
<symbols>
{{symbols}}</symbols>
</renderer-v2>
{{labeling}}<aliases>
{{aliases}}</aliases>
<previewExpression>{{preview}}</previewExpression>
<mapTip>{{tip}}</mapTip>
<blendMode>0</blendMode>
<featureBlendMode>0</featureBlendMode>
<layerOpacity>1</layerOpacity>
